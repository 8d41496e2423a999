import { compact } from './compact.js';
import { type ConnectOptions, connectOver } from './connect.js';
import type { Session } from './session.js';
import { nodeOpener } from './wire/node-opener.js';

export interface NodeConnectOptions extends ConnectOptions {
  /** The certificates that the client trusts for `tls://` URLs (PEM). Default: the certificates that Node trusts. */
  readonly ca?: string;
}

/**
 * Opens a session at the first of these gateways that answers (`ws://`, `wss://`, `tcp://host:port`, `tls://host:port`).
 *
 * @throws the refusal of the gateway (after `openMs` if the refusal allows another attempt), `unavailable` when no gateway could be
 * reached, or the reason of an aborted `signal`
 */
export function connect(url: string | readonly string[], options: NodeConnectOptions): Promise<Session> {
  const form = options.compact === undefined ? compact : options.compact;
  return connectOver(nodeOpener(options.subprotocol ?? 'binary', options.WebSocket, form, options.ca), url, options);
}
