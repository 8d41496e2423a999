import { Redis } from 'ioredis';
import { HoldfastError } from '#libs/protocol';
import type { RedisConnections } from '#libs/redis';
import type { WriteResult } from './append.js';
import type { RoomStoreOptions } from './room-store.options.js';

/** Waits until as many replicas have a write as `DURABILITY_REPLICAS` requires. */
export class ReplicatedWrites {
  constructor(
    private readonly redis: RedisConnections,
    private readonly options: RoomStoreOptions,
  ) {}

  /**
   * Returns the result of a script that answers with an index of `results`. `unknown`: the script did not answer, or too few replicas have
   * the write.
   */
  async result(reply: Promise<unknown>, results: readonly WriteResult[]): Promise<WriteResult> {
    try {
      const result = results[(await reply) as number] ?? 'unknown';
      if (result === 'ok') await this.wait();
      return result;
    } catch {
      return 'unknown';
    }
  }

  /**
   * Waits until enough replicas have the last writes of this connection.
   *
   * @throws `unavailable` when too few replicas have them in time
   */
  async wait(): Promise<void> {
    const { replicas, replicasTimeoutMs } = this.options;
    // Does not wait in a Cluster, because the settings refuse `DURABILITY_REPLICAS` there: `WAIT` covers only one node.
    const client = this.redis.appends;
    if (replicas === 0 || !(client instanceof Redis)) return;
    if ((await client.wait(replicas, replicasTimeoutMs)) < replicas)
      throw new HoldfastError('unavailable', 'Too few replicas of Redis have this write.');
  }
}

/** The results of the scripts that write the state or the end of a game. A script returns an index of this list. */
export const STATE_RESULTS: readonly WriteResult[] = ['ok', 'fenced', 'behind', 'missing'];
