export * from './frame-header.js';
export * from './frame-reader.js';
export * from './handshake.js';
