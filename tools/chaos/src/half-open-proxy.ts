import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A proxy between a server and Redis that can make a connection half open. The connection then transfers no data, and neither end is
 * notified.
 */
export class HalfOpenProxy {
  private readonly subscribers = new Set<readonly [Socket, Socket]>();
  private readonly sockets = new Set<Socket>();
  private isSilent = false;

  private constructor(
    private readonly listener: Server,
    readonly url: string,
  ) {}

  static async to(redisUrl: string): Promise<HalfOpenProxy> {
    const { hostname, port } = new URL(redisUrl);
    const listener = createServer({ noDelay: true });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const proxy = new HalfOpenProxy(listener, `redis://127.0.0.1:${(listener.address() as { port: number }).port}`);
    listener.on('connection', (near) => proxy.carry(near, connect({ port: Number(port), host: hostname, noDelay: true })));
    return proxy;
  }

  /**
   * Silences all connections that have subscribed, and each later connection when it subscribes. Returns the number of connections that are
   * silent now.
   */
  silenceSubscribers(): number {
    this.isSilent = true;
    for (const pair of this.subscribers) cut(pair);
    return this.subscribers.size;
  }

  /** Transfers data on new connections again. Stopped connections stay silent, like half-open connections. */
  hearAgain(): void {
    this.isSilent = false;
  }

  close(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private carry(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    for (const [socket, other] of [pair, [far, near] as const]) {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.subscribers.delete(pair);
        other.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => {
      if (!/\r\nsubscribe\r\n/i.test(bytes.toString('latin1'))) return;
      this.subscribers.add(pair);
      if (this.isSilent) cut(pair);
    });
    near.pipe(far);
    far.pipe(near);
  }
}

/** Stops the transfer between two sockets. Still reads from both sockets, because backpressure would show the cut to both ends. */
function cut([near, far]: readonly [Socket, Socket]): void {
  near.unpipe(far);
  far.unpipe(near);
  near.resume();
  far.resume();
}
