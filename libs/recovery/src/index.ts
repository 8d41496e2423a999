export * from './recovery.module.js';
