export * from './attachments.js';
export * from './auditor.js';
export * from './hosted-rooms.js';
export * from './mover.js';
export * from './room-engine.js';
export * from './room-host.module.js';
export * from './room-host.options.js';
export * from './room-intake.js';
