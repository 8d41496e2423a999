import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * The behavior of a link port. A running process sends data immediately. A suspended process sends nothing, although its kernel accepts
 * connections.
 */
export type Port = 'speaks' | 'is silent' | 'refuses';

export class FakePort {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly number: number,
    private behaviour: Port,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      if (this.behaviour === 'speaks') socket.write('hello');
    });
  }

  static async open(behaviour: Port): Promise<FakePort> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const fake = new FakePort(server, port, behaviour);
    if (behaviour === 'refuses') await fake.close();
    return fake;
  }

  become(behaviour: 'speaks' | 'is silent'): void {
    this.behaviour = behaviour;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A relay between the two ends of a link. After `goSilent` it accepts connections and sends nothing, like a suspended process. */
export class Wire {
  private readonly sockets = new Set<Socket>();
  private isSilent = false;

  private constructor(
    private readonly server: Server,
    readonly number: number,
    target: number,
  ) {
    server.on('connection', (socket) => {
      this.keep(socket);
      if (this.isSilent) return;
      const onward = this.keep(connect(target, '127.0.0.1'));
      socket.pipe(onward).pipe(socket);
    });
  }

  static async to(target: number): Promise<Wire> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Wire(server, (server.address() as { port: number }).port, target);
  }

  goSilent(): void {
    this.isSilent = true;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    return socket.on('error', () => {});
  }
}
