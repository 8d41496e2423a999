export * from './batch-writer.js';
export { NONCE_BYTES, packIntroduction } from './handshake.js';
export * from './link.module.js';
export * from './link.options.js';
export * from './link-frames.js';
export * from './link-peer.js';
export * from './link-transport.js';
export * from './links.js';
export * from './probe-link.js';
