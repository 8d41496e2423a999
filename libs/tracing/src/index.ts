export * from './context-bytes.js';
export * from './open-telemetry-tracer.js';
export * from './tracer.js';
export * from './tracing.module.js';
export * from './tracing.options.js';
