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
   * Stops the transfer on all connections that have subscribed to a channel, and on each later connection when it subscribes. Returns the
   * number of stopped connections.
   */
  silenceSubscribers(): number {
    this.isSilent = true;
    for (const pair of this.subscribers) cut(pair);
    return this.subscribers.size;
  }

  /** Lets connections that subscribe from now on transfer data again. Stopped connections remain stopped, as half-open connections do. */
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
