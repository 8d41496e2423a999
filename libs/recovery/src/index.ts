export * from './game-server-cleanup.js';
export * from './orphan-sweeper.js';
export * from './owner-contact.js';
export * from './placement-eligibility.js';
export * from './recovery.module.js';
export * from './recovery.options.js';
export * from './room-recovery.js';
