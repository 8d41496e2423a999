import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodePlayerMessage, FrameSplitter, HoldfastError, LENGTH_BYTES, type PlayerMessage } from '#libs/protocol';
import type { CompactForm } from '../compact-form.js';
import { decodeFrame } from './decode-frame.js';
import type { ReceivedMessage, Wire, WireListener } from './wire.js';

/**
 * Maximum size of a frame, in bytes. The largest frames contain a whole state. The limit bounds the memory that a faulty server can fill.
 */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Opens a raw TCP connection to a `tcp://host:port` or `tls://host:port` URL. For Node only, so `index.ts` does not import it.
 *
 * @param compact the decoder of compact syncs, which the client then requests in its hello; null: the client requests no compact syncs
 * @param ca the trusted certificates (PEM); default: the certificates that Node trusts
 */
export function openTcp(url: string, listener: WireListener, compact: CompactForm | null, ca?: string): Wire {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === 'tls:';
  const socket = dial(hostname.replace(/^\[|\]$/g, ''), Number(port), isTls, ca);
  let over = false;
  const end = (): boolean => {
    const first = !over;
    over = true;
    return first;
  };
  const fail = (reason: string, isFaulty = false): void => {
    if (!end()) return;
    socket.destroy();
    listener.closed(reason, isFaulty);
  };
  const splitter = new FrameSplitter(FRAME_BYTES_MAX, (frame) => {
    if (over) return;
    let message: ReceivedMessage;
    try {
      message = decodeFrame(frame, compact);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'unknown-kind') return;
      return fail('a frame could not be decoded', true);
    }
    listener.message(message);
  });
  socket.on(isTls ? 'secureConnect' : 'connect', () => listener.opened());
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the connection was closed'));
  socket.on('data', (chunk) => {
    try {
      splitter.push(chunk);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      fail('a frame could not be decoded', true);
    }
  });
  return {
    send: (message: PlayerMessage) => {
      const isAsking = compact !== null && message.kind === 'hello';
      socket.write(framed(encodePlayerMessage(isAsking ? { ...message, compact: true } : message)));
    },
    close: () => {
      if (end()) socket.end(() => socket.destroy());
    },
  };
}

function dial(host: string, port: number, isTls: boolean, ca: string | undefined): Socket {
  if (!isTls) return connect({ host, port, noDelay: true, keepAlive: true });
  // SNI allows host names only, not IP addresses.
  const socket = connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...(ca !== undefined && { ca }) });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

function framed(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}
