/** The entry for Node: that of `index.ts`, and `connect` also takes `tcp://` and `tls://` URLs. */

export { connect, type NodeConnectOptions } from './connect-in-node.js';
export * from './index.js';
