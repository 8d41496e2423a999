import {
  encodePlayerMessage,
  HoldfastError,
  type PlayerMessage,
  type ServerMessage,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_COMPACT,
  SUBPROTOCOL_JSON,
} from '#libs/protocol';
import type { CompactForm } from '../compact-form.js';
import { decodeFrame } from './decode-frame.js';
import type { ReceivedMessage, Wire, WireListener } from './wire.js';

/** The members of a WebSocket that this client needs. The class of the browser and the class of the package `ws` both have them. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

/** A class with the interface of the WebSocket of browsers, such as `WebSocket` of the npm package `ws`. */
export type WebSocketConstructor = new (url: string, protocols: string | string[]) => WebSocketLike;

/** The encoding of messages over WebSocket: MessagePack (`binary`) or text (`json`). */
export type Encoding = 'binary' | 'json';

/**
 * @param compact the decoder of compact syncs; with it, the client offers the subprotocol with compact syncs. Null: the client does not
 * offer it. Ignored for JSON, which has no compact form
 */
export function openWebSocket(
  url: string,
  listener: WireListener,
  encoding: Encoding,
  WebSocket: WebSocketConstructor,
  compact: CompactForm | null,
): Wire {
  const socket = new WebSocket(url, subprotocolsOf(encoding, compact));
  socket.binaryType = 'arraybuffer';
  const release = (): void => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    // Keeps a listener for errors, because the package `ws` throws an error that has no listener, even after the wire is closed.
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
    let message: ReceivedMessage;
    try {
      message = decode(event.data, compact);
    } catch (error) {
      // Ignores a message of a kind that was added after this version of the client. A malformed frame is an error.
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
 * @throws `bad-data` when the platform has no WebSocket
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

/**
 * Returns the subprotocols to offer, the preferred one first. With the binary encoding, the list always contains `SUBPROTOCOL_BINARY`,
 * because an older gateway supports no other subprotocol.
 */
function subprotocolsOf(encoding: Encoding, compact: CompactForm | null): string | string[] {
  if (encoding === 'json') return SUBPROTOCOL_JSON;
  return compact === null ? SUBPROTOCOL_BINARY : [SUBPROTOCOL_COMPACT, SUBPROTOCOL_BINARY];
}

function decode(data: unknown, compact: CompactForm | null): ReceivedMessage {
  if (typeof data !== 'string') return decodeFrame(new Uint8Array(data as ArrayBuffer), compact);
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
