import { HoldfastError } from '#libs/protocol';
import { defaultWebSocket, type Encoding, openWebSocket, type WebSocketConstructor } from './web-socket-wire.js';
import type { OpenWire } from './wire.js';

/** Returns the function that opens a connection over the transport of the URL's scheme. */
export function wireOpener(encoding: Encoding, WebSocket: WebSocketConstructor | undefined, ca?: string): OpenWire {
  return async (url, listener) => {
    const { protocol } = new URL(url);
    switch (protocol) {
      case 'ws:':
      case 'wss:':
        return openWebSocket(url, listener, encoding, WebSocket ?? (await defaultWebSocket()));
      case 'tcp:':
      case 'tls:': {
        const { openTcp } = await import('./tcp-wire.js');
        return openTcp(url, listener, ca);
      }
      default:
        throw new HoldfastError(
          'bad-data',
          `The URL of a gateway must begin with ws://, wss://, tcp:// or tls://, not with ${protocol}//.`,
        );
    }
  };
}
