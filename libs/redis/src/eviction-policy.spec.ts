import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startRedis } from '../../../tools/redis/index.mjs';
import { EvictionPolicy } from './eviction-policy.js';
import { RedisConnections } from './redis-connections.js';

type RunningRedis = Awaited<ReturnType<typeof startRedis>>;

let dir: string;
let running: RunningRedis;
let redis: RedisConnections;

async function start(config: Record<string, string | number>): Promise<void> {
  running = await startRedis({ dir, config });
  redis = new RedisConnections({ url: running.url });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-policy-'));
});
afterEach(async () => {
  redis.onApplicationShutdown();
  await running.stop();
  await rm(dir, { recursive: true, force: true });
});

describe('a server at its start', () => {
  it.each([
    ['without a limit of memory', { 'maxmemory-policy': 'allkeys-lru' }],
    ['with a limit of memory', { 'maxmemory-policy': 'volatile-ttl', maxmemory: '100mb' }],
    ['when Redis hides CONFIG, as managed services do', { 'maxmemory-policy': 'allkeys-lfu', 'rename-command CONFIG': '""' }],
  ])('refuses a Redis that can evict keys, %s', async (_, config) => {
    await start(config);
    await expect(redis.ready()).rejects.toThrow(
      `Redis at ${running.url} evicts keys when it is full (maxmemory-policy ${config['maxmemory-policy']}), and games would be lost. Set maxmemory-policy to noeviction`,
    );
  });

  it('accepts a Redis that has the policy `noeviction` and hides CONFIG', async () => {
    await start({ maxmemory: '100mb', 'rename-command CONFIG': '""' });
    await redis.ready();
  });
});

describe('a change of `maxmemory-policy` while a server runs', () => {
  it('is reported once when Redis begins to evict keys, and once when Redis stops evicting keys', async () => {
    await start({});
    await redis.ready();
    const policy = new EvictionPolicy(redis);
    const reports: (string | null)[] = [];
    policy.onChange((wrong) => reports.push(wrong));
    const operator = new Redis(running.url);
    await policy.read();
    expect(reports).toEqual([]);
    await operator.config('SET', 'maxmemory-policy', 'allkeys-random');
    await policy.read();
    await policy.read();
    expect(reports).toEqual(['allkeys-random']);
    await operator.config('SET', 'maxmemory-policy', 'noeviction');
    await policy.read();
    await policy.read();
    expect(reports).toEqual(['allkeys-random', null]);
    operator.disconnect();
  });

  it('is not reported while Redis does not answer', async () => {
    await start({});
    await redis.ready();
    const policy = new EvictionPolicy(redis);
    const reports: (string | null)[] = [];
    policy.onChange((wrong) => reports.push(wrong));
    await running.stop();
    await policy.read();
    expect(reports).toEqual([]);
  });
});
