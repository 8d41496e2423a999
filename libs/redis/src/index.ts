export * from './connect.js';
export * from './few-at-a-time.js';
export * from './lua-script.js';
export * from './pub-sub.js';
export * from './redis.module.js';
export * from './redis.options.js';
export * from './redis-connections.js';
export * from './store-away.js';
