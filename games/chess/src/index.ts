export * from './chess.js';
export * from './chess.module.js';
export * from './chess.options.js';
