import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../tools/process/until.mjs';
import { startRedis } from '../../../tools/redis/index.mjs';
import { RedisConnections } from './redis-connections.js';
import { type StoreChange, StoreHealth } from './store-health.js';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

let dir: string;
const running: RunningRedis[] = [];
const opened: { redis: RedisConnections; health: StoreHealth }[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-health-'));
});

afterEach(async () => {
  for (const { redis, health } of opened.splice(0)) {
    health.onModuleDestroy();
    redis.onApplicationShutdown();
  }
  await Promise.all(running.splice(0).map((redis) => redis.stop()));
  await rm(dir, { recursive: true, force: true });
});

async function start(name: string, config: Record<string, string | number> = {}): Promise<RunningRedis> {
  const redis = await startRedis({ dir: join(dir, name), config: { 'repl-diskless-sync-delay': 0, ...config } });
  running.push(redis);
  return redis;
}

/** Starts a `StoreHealth` for the Redis at `url`. Returns the changes that it reports. */
async function healthOf(url: string, replicas = 0): Promise<{ redis: RedisConnections; health: StoreHealth; changes: StoreChange[] }> {
  const redis = new RedisConnections({ url, replicas, replicasTimeoutMs: 200 });
  const health = new StoreHealth(redis);
  opened.push({ redis, health });
  const changes: StoreChange[] = [];
  health.onChange((change) => changes.push(change));
  await redis.ready();
  health.onApplicationBootstrap();
  return { redis, health, changes };
}

describe('the health of Redis', () => {
  it('is reported as bad once when many requests fail, and as good once afterwards', async () => {
    const { health, changes } = await healthOf((await start('one')).url);
    for (let request = 0; request < 960; request++) expect(health.note(new Error('Command timed out'))).toBe(true);
    expect(changes).toEqual([{ isAvailable: false, reason: 'timeout', message: 'Command timed out' }]);
    expect(health.whyNot).toBeNull();
    await until(() => changes.length > 1);
    expect(changes[1]).toMatchObject({ isAvailable: true, reasons: ['timeout'], failures: 960 });
  });

  it('does not change after errors that are not failures of Redis', async () => {
    const { health, changes } = await healthOf((await start('one')).url);
    expect(health.note(new Error('what?'))).toBe(false);
    // The error possibly comes from a connection of a game, so it does not show that Redis is unavailable.
    expect(health.note(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }))).toBe(false);
    expect(changes).toEqual([]);
  });

  it('is reported as bad after a periodic write fails, even when the server sends no other request', async () => {
    const { redis, health, changes } = await healthOf((await start('one')).url);
    await redis.subscriptions.config('SET', 'maxmemory', '1');
    await until(() => health.whyNot);
    expect(health.whyNot).toMatch(/^nothing can be stored: oom \(OOM command not allowed/);
    expect(changes).toEqual([expect.objectContaining({ isAvailable: false, reason: 'oom' })]);
    await redis.subscriptions.config('SET', 'maxmemory', '0');
    await until(() => health.whyNot === null);
    await until(() => changes.length > 1);
  });

  it('is bad while too few replicas acknowledge writes', async () => {
    const primary = await start('one');
    const { health } = await healthOf(primary.url, 1);
    await until(() => health.whyNot?.includes('noreplicas'));
    await start('two', { replicaof: `127.0.0.1 ${primary.port}` });
    await until(() => health.whyNot === null, 10_000);
  });
});
