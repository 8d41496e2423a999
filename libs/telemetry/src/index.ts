export * from './event-loop-lag.js';
export * from './log.js';
export * from './metrics.js';
export * from './nest-log.js';
export * from './ops.controller.js';
export * from './readiness.js';
export * from './telemetry.module.js';
export * from './telemetry.options.js';
