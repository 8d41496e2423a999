export * from './casino.js';
export * from './casino.module.js';
export * from './wallet.js';
