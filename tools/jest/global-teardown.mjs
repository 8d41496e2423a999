import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const { __holdfastTestRedis: started = [] } =
    /** @type {{ __holdfastTestRedis?: { redis: import('../redis/start-redis.mjs').RunningRedis, dir: string }[] }} */ (globalThis);
  for (const { redis, dir } of started) {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
