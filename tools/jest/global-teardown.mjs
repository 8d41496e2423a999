import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const started = /** @type {{ __holdfastTestRedis?: { redis: import('../redis/start-redis.mjs').RunningRedis, dir: string } }} */ (
    globalThis
  ).__holdfastTestRedis;
  if (!started) return;
  await started.redis.stop();
  await rm(started.dir, { recursive: true, force: true });
}
