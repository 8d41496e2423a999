import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../redis/start-redis.mjs';

/**
 * A Redis for each worker, that saves nothing: specs that run side by side share no key (`own-redis.cjs` gives each its
 * own). HOLDFAST_TEST_REDIS_URL set beforehand names one for all of them.
 *
 * @param {{ maxWorkers: number }} config
 */
export default async function globalSetup({ maxWorkers }) {
  if (process.env.HOLDFAST_TEST_REDIS_URL) return;
  const started = [];
  // One after the other: the first may have to fetch a Redis, which the others then find.
  while (started.length < maxWorkers) started.push(await startOne());
  process.env.HOLDFAST_TEST_REDIS_URLS = started.map(({ redis }) => redis.url).join();
  Object.assign(globalThis, { __holdfastTestRedis: started });
}

async function startOne() {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-test-redis-'));
  return { dir, redis: await startRedis({ dir, log: (line) => process.stderr.write(`${line}\n`) }) };
}
