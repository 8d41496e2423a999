export * from './chat.module.js';
export * from './chat.options.js';
export * from './chat.service.js';
export * from './chat-audience.js';
export * from './chat-delivery.js';
export type { ChatTarget } from './chat-keys.js';
export * from './chat-moderator.js';
