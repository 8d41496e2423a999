import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { startRedis } from '../../../tools/redis/index.mjs';
import { RELISTED_MS } from './settlement.options.js';
import { StoreStartupWait } from './store-startup-wait.js';

const log = new Log({ server: 'spec', level: 'silent', format: 'json' });
let folder: string;
let store: Awaited<ReturnType<typeof startRedis>>;
let redis: RedisConnections;
let generation: StoreGeneration;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-young-'));
  store = await startRedis({ dir: folder });
  redis = new RedisConnections({ url: store.url });
  generation = new StoreGeneration(redis);
  await redis.ready();
});
afterEach(async () => {
  redis.onApplicationShutdown();
  await store.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Returns the time for which a process that starts now waits, in ms. */
async function waited(): Promise<number> {
  const since = performance.now();
  await new StoreStartupWait(generation, redis, log).whenServersAreListed();
  return performance.now() - since;
}

async function uptime(): Promise<number> {
  return Number(/uptime_in_seconds:(\d+)/.exec(await redis.commands.info('server'))?.[1]);
}

describe('a process that starts', () => {
  it('gives living servers time to register again in an empty Redis', async () => {
    expect(await uptime()).toBeLessThan(RELISTED_MS / 1_000);
    await waited();
    expect(await uptime()).toBeGreaterThanOrEqual(RELISTED_MS / 1_000);
    // Redis has now run for at least `RELISTED_MS`, so another process that starts does not wait.
    expect(await waited()).toBeLessThan(RELISTED_MS / 2);
  });

  it('waits for the full startup time even when Redis contains some servers', async () => {
    await redis.commands.sadd('hf:servers', 'hf:game:1');
    expect(await waited()).toBeGreaterThanOrEqual(RELISTED_MS - 1);
  });

  it('continues as soon as another process has settled Redis after the last start of Redis', async () => {
    await redis.commands.sadd('hf:servers', 'hf:game:1');
    const waiting = waited();
    await generation.settle(generation.current as string);
    expect(await waiting).toBeLessThan(RELISTED_MS / 2);
  });

  it('waits for the full startup time when Redis was settled only before its last start', async () => {
    await redis.commands.mset('hf:settled', 'an-earlier-run');
    await redis.commands.sadd('hf:servers', 'hf:game:1');
    expect(await waited()).toBeGreaterThanOrEqual(RELISTED_MS - 1);
  });
});
