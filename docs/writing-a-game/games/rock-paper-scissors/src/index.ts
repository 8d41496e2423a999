export * from './rock-paper-scissors.js';
export * from './rock-paper-scissors.module.js';
