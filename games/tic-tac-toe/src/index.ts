export * from './tic-tac-toe.js';
export * from './tic-tac-toe.module.js';
export * from './tic-tac-toe.options.js';
