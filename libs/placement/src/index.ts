export * from './load-balancer.service.js';
export type { Offerer, Place } from './offers.js';
export * from './placement.module.js';
export * from './placement.options.js';
export * from './placement-keys.js';
export * from './placement-pool.js';
export * from './placement-reporter.js';
export * from './placement-strategy.js';
export type { ReportOutcome } from './scripts/report.js';
