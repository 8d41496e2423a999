export * from './answer/health-responder.js';
export * from './health.module.js';
export * from './health.options.js';
export * from './monitor/health-checker.js';
export * from './monitor/judge.js';
export * from './ports.js';
export * from './unreachable/unreachable-servers.js';
export * from './voting/eviction.js';
