/**
 * The entry point of the client library for Node. It exports the same as `index.ts`, and its `connect` also accepts `tcp://` and `tls://`
 * URLs.
 */

export { connect, type NodeConnectOptions } from './connect-in-node.js';
export * from './index.js';
