export * from './definitions.js';
export * from './environment.js';
export * from './read-settings.js';
