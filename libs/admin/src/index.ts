export * from './admin.module.js';
export * from './admin.options.js';
export * from './admin-docs.js';
export * from './fleet-capacity.js';
export * from './schemas.js';
export * from './wanted-servers.js';
