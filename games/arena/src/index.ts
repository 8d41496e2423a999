export * from './arena.js';
export * from './arena.module.js';
export * from './arena.options.js';
export * from './world.js';
