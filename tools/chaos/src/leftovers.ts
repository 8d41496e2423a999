import type { Redis } from 'ioredis';
import { redisName } from '#libs/redis';

const SCAN_COUNT = 500;

/** Returns the keys of rooms and room indexes that never expire, with their content. When all players have left, there must be none. */
export async function roomLeftovers(redis: Redis): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of [redisName('room:*'), redisName('rooms*')]) {
    for (const key of await keysLike(redis, pattern)) {
      // Skips keys with an expiry, such as an epilogue, because Redis deletes them.
      if ((await redis.pttl(key)) >= 0) continue;
      const type = await redis.type(key);
      if (type === 'none') continue;
      const content = type === 'hash' ? JSON.stringify(await redis.hgetall(key)) : '';
      found.push(`${key} (${type}) ${content}`.trim());
    }
  }
  return found;
}

/** Returns the keys of tickets and matches, with their content. When all players have left, there must be none. */
export async function ticketLeftovers(redis: Redis): Promise<string[]> {
  const found: string[] = [];
  for (const part of ['tickets', 'users', 'holds', 'matches', 'answers', 'away']) {
    for (const key of await keysLike(redis, redisName(`match:{*}:${part}`)))
      found.push(`${key} ${JSON.stringify(await redis.hgetall(key))}`);
  }
  return found;
}

async function keysLike(redis: Redis, pattern: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    for (const key of page) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys];
}
