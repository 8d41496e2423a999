export * from './fallback-interceptor.js';
export * from './settled-guard.js';
export * from './settlement.module.js';
export * from './settlement.options.js';
export * from './store-settlement.js';
export * from './store-startup-wait.js';
