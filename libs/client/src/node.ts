/** The entry for Node: that of `index.ts`, and `connect` also takes `tcp://` and `tls://` URLs. */

export { type ConnectOptions, connect } from './connect-in-node.js';
export * from './index.js';
