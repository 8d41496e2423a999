export * from './chess.js';
export * from './chess.module.js';
export * from './chess.options.js';
export { type AutomaticEnd, automaticEnd, countPosition, type Occurrences, type PlayedMove, playMove } from './position.js';
export * from './set-up.js';
