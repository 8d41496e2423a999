import { webSocketOpener } from './open-wire.js';
import { openTcp } from './tcp-wire.js';
import type { Encoding, WebSocketConstructor } from './web-socket-wire.js';
import type { OpenWire } from './wire.js';

/** Like `webSocketOpener`, and opens TCP for `tcp://` and `tls://` URLs. `ca`: see `openTcp`. */
export function nodeOpener(encoding: Encoding, WebSocket: WebSocketConstructor | undefined, ca?: string): OpenWire {
  return async (url, listener) =>
    /^(tcp|tls):/i.test(url) ? openTcp(url, listener, ca) : webSocketOpener(encoding, WebSocket ?? (await nodeWebSocket()))(url, listener);
}

/** Node 20 has no WebSocket of its own, so there it is that of the package `ws`. */
async function nodeWebSocket(): Promise<WebSocketConstructor | undefined> {
  if ('WebSocket' in globalThis) return undefined;
  const { WebSocket } = await import('ws');
  return WebSocket as unknown as WebSocketConstructor;
}
