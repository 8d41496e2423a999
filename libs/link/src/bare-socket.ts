import { writeSync } from 'node:fs';
import { type OnReadOpts, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Two things that Node's streams do for each read and write and that a relay can do without: a buffer of 64 KB for what
 * may come, and a request for what the kernel takes at once. Without them a gateway needs a sixth less CPU for a message
 * (`docs/adr/0008-two-ways-past-the-streams.md`).
 *
 * Both look at a field of a socket that Node does not document. Where it is not what it was, or there is TLS in between,
 * the streams do all as they always would.
 */
interface Internals {
  /** The kernel's socket; null: closed, or given to another. */
  _handle: { readonly fd?: number } | null;
  /** Who accepted it, and counts it until it closes. */
  _server: unknown;
}

const READ_BYTES_MAX = 65_536;
/** Of all sockets: whoever is handed a part of it has read it before the next is. */
const incoming = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** The `onread` of a socket that dials: what arrives is a view, valid during the call only. */
export function readingTo(receive: (bytes: Buffer) => void): OnReadOpts {
  return {
    buffer: incoming,
    callback: (count) => {
      receive(incoming.subarray(0, count));
      return true;
    },
  };
}

/**
 * The same for one that was accepted in this very turn, and has no listeners that matter. Answers the socket to use from
 * now on. Whoever counted `accepted` hears it close at once.
 */
export function readInPlace(accepted: Socket, receive: (bytes: Buffer) => void): Socket {
  const from = accepted as unknown as Internals;
  const handle = from._handle;
  if (!handle || accepted instanceof TLSSocket || accepted.readableLength > 0) {
    // As one of our own would: an HTTP server's stays half open.
    accepted.allowHalfOpen = false;
    accepted.on('data', receive);
    return accepted;
  }
  from._handle = null;
  const socket = new Socket({ handle, onread: readingTo(receive) } as object);
  (socket as unknown as Internals)._server = from._server;
  from._server = null;
  accepted.destroy();
  return socket;
}

/** Bytes of `chunk` up to `end` that the kernel took at once: none when it has no room, or the socket is closing, or not that plain. */
export function writeAtOnce(socket: Socket, chunk: Buffer, end: number): number {
  if (socket.writableLength > 0 || socket instanceof TLSSocket) return 0;
  const fd = (socket as unknown as Internals)._handle?.fd ?? -1;
  if (fd < 0) return 0;
  try {
    return writeSync(fd, chunk, 0, end);
  } catch {
    // No room now, or the socket is broken: the stream waits for the one, and tells of the other.
    return 0;
  }
}
