import type { CompactForm } from '../compact-form.js';
import { webSocketOpener } from './open-wire.js';
import { openTcp } from './tcp-wire.js';
import type { Encoding, WebSocketConstructor } from './web-socket-wire.js';
import type { OpenWire } from './wire.js';

/**
 * Returns the function that opens a connection: TCP for `tcp://` and `tls://` URLs, else a WebSocket. `compact` and `ca`: see
 * `openTcp`.
 */
export function nodeOpener(
  encoding: Encoding,
  WebSocket: WebSocketConstructor | undefined,
  compact: CompactForm | null,
  ca?: string,
): OpenWire {
  return async (url, listener) =>
    /^(tcp|tls):/i.test(url)
      ? openTcp(url, listener, compact, ca)
      : webSocketOpener(encoding, WebSocket ?? (await nodeWebSocket()), compact)(url, listener);
}

/** Returns the WebSocket of the package `ws` in Node 20, which has no built-in WebSocket. Undefined: the platform has a WebSocket. */
async function nodeWebSocket(): Promise<WebSocketConstructor | undefined> {
  if ('WebSocket' in globalThis) return undefined;
  const { WebSocket } = await import('ws');
  return WebSocket as unknown as WebSocketConstructor;
}
