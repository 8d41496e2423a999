export * from './room-keys.js';
export * from './room-log.js';
export * from './room-record.js';
export * from './room-records.js';
export * from './room-store.module.js';
export * from './room-view.js';
export * from './store-generation.js';
export * from './user-rooms.js';
