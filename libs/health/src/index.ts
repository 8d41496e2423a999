export * from './eviction.js';
export * from './health.module.js';
export * from './health.options.js';
export * from './health-checker.js';
export * from './health-responder.js';
export * from './judge.js';
export * from './ports.js';
export * from './unreachable-servers.js';
