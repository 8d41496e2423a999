import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../redis/start-redis.mjs';

/** One Redis for the whole run, that saves nothing. HOLDFAST_TEST_REDIS_URL set beforehand names another. */
export default async function globalSetup() {
  if (process.env.HOLDFAST_TEST_REDIS_URL) return;
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-test-redis-'));
  const redis = await startRedis({ dir, log: (line) => process.stderr.write(`${line}\n`) });
  process.env.HOLDFAST_TEST_REDIS_URL = redis.url;
  Object.assign(globalThis, { __holdfastTestRedis: { redis, dir } });
}
