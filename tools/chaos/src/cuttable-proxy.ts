import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that can be cut like a network. While it is cut, it transfers no data and notifies neither end. It still accepts new
 * connections. After `mend()` it transfers the data that was sent meanwhile, as TCP does after a real cut.
 */
export class CuttableProxy {
  private readonly sockets = new Set<Socket>();
  private cutNow = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param from the port that it listens on; 0 for any free one. */
  static async to(target: { readonly host?: string; readonly port: number }, from = 0): Promise<CuttableProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(from, '127.0.0.1', resolve);
    });
    const proxy = new CuttableProxy(server, (server.address() as { port: number }).port);
    server.on('connection', (near) => proxy.carry(near, connect({ host: target.host ?? '127.0.0.1', port: target.port, noDelay: true })));
    return proxy;
  }

  get isCut(): boolean {
    return this.cutNow;
  }

  cut(): void {
    this.cutNow = true;
    for (const socket of this.sockets) socket.pause();
  }

  mend(): void {
    this.cutNow = false;
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private carry(near: Socket, far: Socket): void {
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => void other.write(bytes));
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroySoon();
      });
      if (this.cutNow) socket.pause();
    }
  }
}
