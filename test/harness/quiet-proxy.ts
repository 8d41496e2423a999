import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of one port of a server. It can make connections half open: they stay open, but transfer no data. */
export class QuietProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async before(port: number): Promise<QuietProxy> {
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        proxy.sockets.add(one);
        one.on('error', () => {});
        one.on('data', (bytes) => void (proxy.sockets.has(one) && other.write(bytes)));
        one.on('close', () => proxy.sockets.delete(one) && other.destroy());
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new QuietProxy(server, (server.address() as AddressInfo).port);
    return proxy;
  }

  /** Makes all current connections half open, without closing them. New connections work. */
  swallow(): void {
    this.sockets.clear();
  }

  /** Closes all current connections. Accepts new ones. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
