import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Cluster } from 'ioredis';
import { Self } from '#libs/fleet';
import { PubSub, type RedisClient, RedisConnections } from '#libs/redis';

/**
 * A failure that a probe of Redis can find. `no-echo`: Redis answers commands, but its messages do not arrive. `store-unreachable`: a
 * command failed. `store-slow`: the probe took too long. `store-restarted`: Redis runs in a new process.
 */
export type StoreTrouble = 'no-echo' | 'store-unreachable' | 'store-slow' | 'store-restarted';

/**
 * Checks that this process can write to Redis and receive messages through Redis. Only then is a missed health check evidence against
 * another server.
 */
@Injectable()
export class StoreProbe implements OnModuleInit {
  private readonly waiting = new Map<string, () => void>();
  private readonly channel: string;
  private runIds: string | null = null;

  constructor(
    self: Self,
    private readonly redis: RedisConnections,
    private readonly pubSub: PubSub,
  ) {
    this.channel = `${self.id}:echo`;
  }

  async onModuleInit(): Promise<void> {
    await this.pubSub.subscribe(this.channel, (nonce) => this.waiting.get(nonce)?.());
  }

  /**
   * Sends a message to this process through Redis. Returns the failure that this probe finds. Null: the message arrived within `withinMs`,
   * and Redis has not restarted since the last probe. Never rejects.
   */
  async check(withinMs: number): Promise<StoreTrouble | null> {
    const nonce = randomUUID();
    const startedAt = performance.now();
    const echo = new Promise<'echo'>((resolve) => this.waiting.set(nonce, () => resolve('echo')));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), withinMs);
    });
    try {
      const runIds = await Promise.race([
        Promise.all([readRunIds(this.redis.commands), this.pubSub.publish(this.channel, nonce)]),
        timeout,
      ]);
      if (runIds === 'timeout') return 'store-slow';
      const before = this.runIds;
      this.runIds = runIds[0];
      if (before !== null && before !== this.runIds) return 'store-restarted';
      if ((await Promise.race([echo, timeout])) === 'timeout') return 'no-echo';
      return performance.now() - startedAt > withinMs ? 'store-slow' : null;
    } catch {
      return 'store-unreachable';
    } finally {
      clearTimeout(timer);
      this.waiting.delete(nonce);
    }
  }
}

/** Returns the `run_id` of Redis, or in a Cluster the `run_id` of every primary. A new id means a new process, which may have lost data. */
async function readRunIds(client: RedisClient): Promise<string> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  const ids = await Promise.all(nodes.map(async (node) => /run_id:(\w+)/.exec(await node.info('server'))?.[1] ?? ''));
  return ids.sort().join(' ');
}
