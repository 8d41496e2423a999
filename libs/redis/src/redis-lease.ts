import { randomUUID } from 'node:crypto';
import { LuaScript } from './lua-script.js';
import type { RedisConnections } from './redis-connections.js';

const renew = new LuaScript('lease', new URL('./redis-lease.lua', import.meta.url), 1);

/**
 * Lets one process at a time do some work. The lease is renewed while the work runs, and expires after `ttlMs` when the process dies.
 *
 * It only avoids duplicate work and is not a lock: a process that was suspended can continue its work after another process has begun the
 * same work. So the work must be safe to do twice.
 *
 * @example
 * const lease = new RedisLease(redis, redisName(`recovering:${server}`), 10_000);
 * await lease.run(() => recovery.recover(server));
 */
export class RedisLease {
  constructor(
    private readonly redis: RedisConnections,
    private readonly key: string,
    private readonly ttlMs: number,
  ) {}

  /**
   * Runs `work` while this process holds the lease. When another process holds the lease, resolves to false immediately and does not run
   * `work`. Rejects when `work` rejects, and when Redis does not answer the first request. The lease is released after the work. After a
   * lost reply of Redis, the lease can remain until it expires.
   */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    const { commands } = this.redis;
    const token = randomUUID();
    if ((await commands.set(this.key, token, 'PX', this.ttlMs, 'NX')) === null) return false;
    const set = (ttlMs: number): Promise<unknown> => renew.run(commands, [this.key], [token, ttlMs]).catch(() => {});
    const renewing = setInterval(() => void set(this.ttlMs), this.ttlMs / 3);
    try {
      await work();
      return true;
    } finally {
      clearInterval(renewing);
      await set(0);
    }
  }
}
