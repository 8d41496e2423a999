export * from './game-page.js';
export * from './grid-keys.js';
export * from './player-strip.js';
export * from './text-field.js';
