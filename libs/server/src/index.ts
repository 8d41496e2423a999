export * from './certificate-log.js';
export * from './core.module.js';
export type { AppModule } from './extension-files.js';
export * from './page-headers.js';
export * from './redis-options.js';
export * from './run-server.js';
export * from './startup-files.js';
