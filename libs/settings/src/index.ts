export * from './definitions.js';
export * from './environment.js';
export * from './read-settings.js';
export * from './settings-table.js';
