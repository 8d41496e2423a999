import {
  decodeServerMessage,
  encodePlayerMessage,
  HoldfastError,
  type PlayerMessage,
  type ServerMessage,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_JSON,
} from '#libs/protocol';
import type { Wire, WireListener } from './wire.js';

/** The part of a WebSocket that this client uses. The browser's class and that of the package `ws` both fit. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

export type Encoding = 'binary' | 'json';

export function openWebSocket(url: string, listener: WireListener, encoding: Encoding, WebSocket: WebSocketConstructor): Wire {
  const socket = new WebSocket(url, encoding === 'json' ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY);
  socket.binaryType = 'arraybuffer';
  const release = (): void => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    // The package `ws` throws when an error has no listener, even after this client has released the socket.
    socket.onerror = () => {};
  };
  const fail = (reason: string, isFaulty = false): void => {
    release();
    closeQuietly(socket);
    listener.closed(reason, isFaulty);
  };
  socket.onopen = () => listener.opened();
  socket.onerror = () => fail('the connection failed');
  socket.onclose = () => fail('the connection was closed');
  socket.onmessage = (event: { data: unknown }) => {
    let message: ServerMessage;
    try {
      message = decode(event.data);
    } catch (error) {
      // Ignores a kind of message that this client is too old to know. A malformed frame is an error.
      if (error instanceof HoldfastError && error.code === 'unknown-kind') return;
      return fail('a frame could not be decoded', true);
    }
    listener.message(message);
  };
  return {
    send: (message: PlayerMessage) =>
      socket.send(encoding === 'json' ? JSON.stringify(message) : (encodePlayerMessage(message) as Uint8Array<ArrayBuffer>)),
    close: () => {
      release();
      closeQuietly(socket);
    },
  };
}

/**
 * Returns the WebSocket of the platform.
 *
 * @throws `bad-data` when it has none
 */
export function ownWebSocket(): WebSocketConstructor {
  const own = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (!own)
    throw new HoldfastError(
      'bad-data',
      'This platform has no WebSocket. Give one as `WebSocket`, or use the entry of the client for Node.',
    );
  return own;
}

function decode(data: unknown): ServerMessage {
  if (typeof data !== 'string') return decodeServerMessage(new Uint8Array(data as ArrayBuffer));
  const message = JSON.parse(data) as ServerMessage;
  if (typeof message?.kind !== 'string') throw new HoldfastError('bad-frame');
  return message;
}

function closeQuietly(socket: WebSocketLike): void {
  try {
    socket.close(1000);
  } catch {
    // The socket was never open, so there is nothing to close.
  }
}
