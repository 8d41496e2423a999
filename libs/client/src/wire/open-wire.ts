import { HoldfastError } from '#libs/protocol';
import type { CompactForm } from '../compact-form.js';
import { type Encoding, openWebSocket, ownWebSocket, type WebSocketConstructor } from './web-socket-wire.js';
import type { OpenWire } from './wire.js';

/** Returns the function that opens a WebSocket. `WebSocket`: replaces the class of the platform. `compact`: see `openWebSocket`. */
export function webSocketOpener(encoding: Encoding, WebSocket: WebSocketConstructor | undefined, compact: CompactForm | null): OpenWire {
  return async (url, listener) => {
    if (!/^wss?:/i.test(url))
      throw new HoldfastError(
        'bad-data',
        `"${url}" is not the URL of a gateway: it must begin with ws:// or wss:// (in the client for Node also tcp:// or tls://).`,
      );
    return openWebSocket(url, listener, encoding, WebSocket ?? ownWebSocket(), compact);
  };
}
