import { writeSync } from 'node:fs';
import { type OnReadOpts, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Fields of a socket that Node does not document. `readInPlace` and `writeAtOnce` use them. If a version of Node lacks a field, or the
 * socket uses TLS, they use the streams of Node instead. Node's streams allocate a buffer of 64 KB for each read, and a request object for
 * each write. Without these allocations, a gateway needs a sixth less CPU time for a message (`docs/adr/0008-bypass-of-node-streams.md`).
 */
interface Internals {
  /** The kernel's socket. Null: the socket is closed, or another object owns the handle now. */
  _handle: { readonly fd?: number } | null;
  /** The server that accepted the socket. The server counts the socket among its connections until the socket closes. */
  _server: unknown;
}

const READ_BYTES_MAX = 65_536;
/** The shared read buffer of all sockets. So a receiver must process its bytes before the next read. */
const incoming = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/**
 * Returns the `onread` option for a socket that dials. `receive` gets bytes that are valid only during the call, because the buffer is used
 * again.
 */
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
 * Passes the bytes of an accepted socket to `receive`, as `readingTo` does for a dialing socket. Call this function in the event handler
 * that delivers the socket, so that no bytes are lost. Afterwards use only the returned socket, because this function usually destroys
 * `accepted`.
 */
export function readInPlace(accepted: Socket, receive: (bytes: Buffer) => void): Socket {
  const from = accepted as unknown as Internals;
  const handle = from._handle;
  if (!handle || accepted instanceof TLSSocket) {
    // By default, an accepted socket of an HTTP server stays half open after the client has ended its side. With this setting, the socket
    // closes. The new socket below needs no such setting.
    accepted.allowHalfOpen = false;
    accepted.on('data', receive);
    return accepted;
  }
  // Bytes that Node has read already, for example behind a PROXY header. `receive` gets them before all later bytes, because no later bytes
  // can arrive before the next tick.
  const early = accepted.read() as Buffer | null;
  if (early) process.nextTick(receive, early);
  from._handle = null;
  const socket = new Socket({ handle, onread: readingTo(receive) } as object);
  (socket as unknown as Internals)._server = from._server;
  from._server = null;
  accepted.destroy();
  return socket;
}

/**
 * Returns the number of bytes of `chunk` up to `end` that the kernel took at once. Returns 0 when the kernel has no space, when the socket
 * is closed or uses TLS, or when earlier bytes still wait.
 */
export function writeAtOnce(socket: Socket, chunk: Buffer, end: number): number {
  if (socket.writableLength > 0 || socket instanceof TLSSocket) return 0;
  const fd = (socket as unknown as Internals)._handle?.fd ?? -1;
  if (fd < 0) return 0;
  try {
    return writeSync(fd, chunk, 0, end);
  } catch {
    // The kernel has no space, or the socket is broken. The caller then writes through the stream, which waits for space or reports the
    // error.
    return 0;
  }
}
