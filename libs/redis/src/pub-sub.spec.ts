import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { until } from '../../../tools/process/until.mjs';
import { PubSub } from './pub-sub.js';
import { RedisConnections } from './redis-connections.js';

const REDIS_URL = process.env.HOLDFAST_TEST_REDIS_URL as string;

/** A proxy to the test's Redis. While `isDeaf`, it drops all data that follows a subscribe command. */
class DroppingProxy {
  isDeaf = false;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((near) => {
    const { hostname, port } = new URL(REDIS_URL);
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ]) {
      this.sockets.add(socket);
      socket.on('error', () => {}).on('close', () => other.destroy());
    }
    let isCut = false;
    near.on('data', (bytes) => {
      isCut ||= this.isDeaf && /\r\nsubscribe\r\n/i.test(bytes.toString('latin1'));
      if (!isCut) far.write(bytes);
    });
    far.on('data', (bytes) => void (isCut || near.write(bytes)));
  });

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.cutAll();
  }
}

describe('a subscription to a Redis channel', () => {
  it('is repeated when its reply is lost after a reconnect', async () => {
    const proxy = new DroppingProxy();
    const redis = new RedisConnections({ url: await proxy.open(), commandTimeoutMs: 150 });
    const direct = new RedisConnections({ url: REDIS_URL });
    const pubSub = new PubSub(redis);
    const unhandled: unknown[] = [];
    const notice = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', notice);
    try {
      await Promise.all([redis.ready(), direct.ready()]);
      const channel = `test:${randomUUID()}`;
      const heard: string[] = [];
      await pubSub.subscribe(channel, (message) => heard.push(message));
      let losses = 0;
      redis.subscriptions.on('close', () => losses++);

      proxy.isDeaf = true;
      proxy.cutAll();
      // The test caused the first loss of the connection. `PubSub` caused the second one, because the reply to its subscription was
      // missing.
      await until(() => losses >= 3);
      proxy.isDeaf = false;
      await until(() => {
        void direct.commands.publish(channel, 'again').catch(() => {});
        return heard.includes('again');
      });
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', notice);
      redis.onApplicationShutdown();
      direct.onApplicationShutdown();
      proxy.close();
    }
  });
});
