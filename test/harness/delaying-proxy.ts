import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy that delays all data in both directions, like a distant server. */
export class DelayingProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param delayMs the delay of each direction, in ms; a round trip takes twice as long */
  static async before(port: number, delayMs: number): Promise<DelayingProxy> {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port, host: '127.0.0.1', noDelay: true });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        proxy.sockets.add(one);
        one.on('error', () => {});
        // Keeps the order of the data, because timers of equal delay fire in the order in which they were set.
        one.on('data', (bytes) => void setTimeout(() => other.writable && other.write(bytes), delayMs));
        one.on('close', () => {
          proxy.sockets.delete(one);
          setTimeout(() => other.destroySoon(), delayMs);
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new DelayingProxy(server, (server.address() as AddressInfo).port);
    return proxy;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
