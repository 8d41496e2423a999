import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import { RedisConnections } from './redis-connections.js';
import { RedisLease } from './redis-lease.js';

const TTL_MS = 300;

let folder: string;
let store: Awaited<ReturnType<typeof startRedis>>;
let redis: RedisConnections;
let other: RedisConnections;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-lease-'));
  store = await startRedis({ dir: folder });
  [redis, other] = [new RedisConnections({ url: store.url }), new RedisConnections({ url: store.url })];
  await Promise.all([redis.ready(), other.ready()]);
});
afterAll(async () => {
  redis.onApplicationShutdown();
  other.onApplicationShutdown();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => redis.commands.flushall());

const leaseOf = (connections: RedisConnections): RedisLease => new RedisLease(connections, 'hf:lease', TTL_MS);

/** Returns a work function whose promise is pending until `end` is called. */
function work(): { run(): Promise<void>; end(): void; began: Promise<void> } {
  let end = (): void => {};
  let begin = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const began = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return {
    began,
    end,
    run: () => {
      begin();
      return ended;
    },
  };
}

describe('a lease in Redis', () => {
  it('is held by one process at a time', async () => {
    const { run, end, began } = work();
    const first = leaseOf(redis).run(run);
    await began;
    const second = jest.fn(async () => {});
    expect(await leaseOf(other).run(second)).toBe(false);
    expect(second).not.toHaveBeenCalled();
    end();
    expect(await first).toBe(true);
    expect(await leaseOf(other).run(second)).toBe(true);
    expect(second).toHaveBeenCalledTimes(1);
  });

  it('is renewed until the work ends, even beyond its time to live', async () => {
    const { run, end, began } = work();
    const first = leaseOf(redis).run(run);
    await began;
    let [renewals, last] = [0, TTL_MS];
    await until(async () => {
      const left = await redis.commands.pttl('hf:lease');
      if (left > last) renewals += 1;
      last = left;
      return renewals === 3;
    });
    expect(await leaseOf(other).run(async () => {})).toBe(false);
    end();
    await first;
  });

  it('is released when the work fails', async () => {
    await expect(leaseOf(redis).run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await leaseOf(other).run(async () => {})).toBe(true);
  });

  it('passes to another process after the death of its holder and the expiry of the lease', async () => {
    await redis.commands.set('hf:lease', 'a dead process', 'PX', TTL_MS);
    expect(await leaseOf(other).run(async () => {})).toBe(false);
    await until(() => leaseOf(other).run(async () => {}));
  });

  it('is neither renewed nor released by a process that no longer holds it', async () => {
    const { run, end, began } = work();
    const first = leaseOf(redis).run(run);
    await began;
    await redis.commands.set('hf:lease', 'another process', 'PX', TTL_MS);
    await until(async () => (await redis.commands.get('hf:lease')) === null);
    await redis.commands.set('hf:lease', 'another process');
    end();
    await first;
    expect(await redis.commands.get('hf:lease')).toBe('another process');
  });
});
