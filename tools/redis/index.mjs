export { findRedis, findRedisServer, onPath } from './find-redis.mjs';
export { startRedis } from './start-redis.mjs';
