import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../redis/start-redis.mjs';

/**
 * Starts one Redis without persistence for each worker, so that parallel specs share no keys. `own-redis.cjs` assigns the Redis to the
 * worker. With HOLDFAST_TEST_REDIS_URL, all workers use the Redis at this URL.
 *
 * @param {{ maxWorkers: number }} config
 */
export default async function globalSetup({ maxWorkers }) {
  if (process.env.HOLDFAST_TEST_REDIS_URL) return;
  const started = [];
  // Starts the Redis processes one after the other. The first start downloads Redis if this machine has none, and the later starts use the
  // download.
  while (started.length < maxWorkers) started.push(await startOne());
  process.env.HOLDFAST_TEST_REDIS_URLS = started.map(({ redis }) => redis.url).join();
  Object.assign(globalThis, { __holdfastTestRedis: started });
}

async function startOne() {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-test-redis-'));
  return { dir, redis: await startRedis({ dir, log: (line) => process.stderr.write(`${line}\n`) }) };
}
