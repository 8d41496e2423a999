export * from './extension.decorator.js';
export * from './extension.module.js';
export * from './extension-explorer.js';
export * from './extension-point.js';
