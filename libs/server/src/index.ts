export * from './core.module.js';
export * from './run-server.js';
