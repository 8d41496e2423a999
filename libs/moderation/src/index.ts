export * from './moderation.module.js';
export * from './sanctions.js';
