import { connect, type Socket } from 'node:net';
import { FrameSplitter, LENGTH_BYTES, SUBPROTOCOL_BINARY } from '#libs/protocol';

export type Way = 'tcp' | 'ws';

/** Path and subprotocol of a WebSocket. The default is that of a gateway. */
export interface Address {
  readonly path: string;
  readonly subprotocol?: string;
}
export const PLAY: Address = { path: '/play', subprotocol: SUBPROTOCOL_BINARY };

export const TEXT = 1;
export const BINARY = 2;

const FRAME_BYTES_MAX = 1 << 24;
/** All sockets read into this buffer in turn. A frame is passed on before the next read. */
const shared = Buffer.allocUnsafeSlow(65_536);

/** The cheapest realistic connection: no library, one buffer for all reads, one write per frame. */
export class Wire {
  onClose: () => void = () => {};
  /** Number of bytes read from and written to the socket, with the handshake and the heads of frames. */
  bytesIn = 0;
  bytesOut = 0;
  private readonly splitter: FrameSplitter;
  private readonly webSocket: WebSocketFrames;
  private listener: ((frame: Buffer) => void) | null = null;
  /** Frames that arrived together with the answer to the handshake, before there was a listener. */
  private early: Buffer[] = [];
  private isOpen = false;
  private opened: (() => void) | null = null;
  private head = '';

  private constructor(
    private readonly way: Way,
    port: number,
    private readonly socket: Socket,
    address: Address,
  ) {
    const frame = (bytes: Uint8Array): void => {
      if (this.listener) this.listener(bytes as Buffer);
      else this.early.push(Buffer.from(bytes));
    };
    this.splitter = new FrameSplitter(FRAME_BYTES_MAX, frame, Buffer.allocUnsafeSlow);
    this.webSocket = new WebSocketFrames(
      frame,
      () => this.socket.destroy(),
      (payload) => this.socket.write(Wire.framed('ws', payload, PONG)),
    );
    socket.on('error', () => {});
    socket.on('close', () => this.onClose());
    socket.once('connect', () => {
      if (way === 'tcp') this.nowOpen();
      else
        socket.write(
          `${[
            `GET ${address.path} HTTP/1.1`,
            `Host: 127.0.0.1:${port}`,
            'Upgrade: websocket',
            'Connection: Upgrade',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
            ...(address.subprotocol ? [`Sec-WebSocket-Protocol: ${address.subprotocol}`] : []),
          ].join('\r\n')}\r\n\r\n`,
        );
    });
  }

  /** Connects, over WebSocket with its handshake. Rejects when the connection is refused or closed before it is open. */
  static open(way: Way, port: number, address = PLAY): Promise<Wire> {
    return new Promise((resolve, reject) => {
      let wire: Wire | null = null;
      const socket = connect({
        host: '127.0.0.1',
        port,
        noDelay: true,
        onread: {
          buffer: shared,
          callback: (count) => {
            wire?.receive(shared.subarray(0, count));
            return true;
          },
        },
      });
      const opening = new Wire(way, port, socket, address);
      wire = opening;
      opening.onClose = () => reject(new Error(`port ${port} closed the connection`));
      opening.opened = () => resolve(opening);
    });
  }

  /** Returns the number of bytes that `framed` writes before a payload of this size. */
  static headBytes(way: Way, payload: number): number {
    return way === 'tcp' ? LENGTH_BYTES : payload < 126 ? 6 : 8;
  }

  /** Encodes a payload for the wire. The mask of the WebSocket is zero, which is valid and costs nothing. */
  static framed(way: Way, payload: Uint8Array, opcode = BINARY): Buffer {
    const head = Wire.headBytes(way, payload.length);
    const bytes = Buffer.alloc(head + payload.length);
    if (way === 'tcp') bytes.writeUInt32BE(payload.length);
    else {
      bytes[0] = 0x80 | opcode;
      if (payload.length < 126) bytes[1] = 0x80 | payload.length;
      else {
        bytes[1] = 0x80 | 126;
        bytes.writeUInt16BE(payload.length, 2);
      }
    }
    bytes.set(payload, head);
    return bytes;
  }

  /** Sets the listener. It must read a frame before it returns, because the next read overwrites the bytes. */
  set onFrame(listener: (frame: Buffer) => void) {
    this.listener = listener;
    const { early } = this;
    this.early = [];
    for (const frame of early) listener(frame);
  }

  /** Writes bytes from `framed`. The caller must not change them afterwards, because the socket may send them later. */
  write(bytes: Buffer): void {
    this.bytesOut += bytes.length;
    this.socket.write(bytes);
  }

  /** Combines all writes inside `write` into one. */
  together(write: () => void): void {
    this.socket.cork();
    write();
    this.socket.uncork();
  }

  send(payload: Uint8Array): void {
    this.write(Wire.framed(this.way, payload));
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.onClose = () => {};
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.bytesIn += chunk.length;
    if (this.way === 'tcp') return this.splitter.push(chunk);
    if (this.isOpen) return this.webSocket.push(chunk);
    this.head += chunk.toString('latin1');
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!this.head.startsWith('HTTP/1.1 101')) return void this.socket.destroy();
    const rest = Buffer.from(this.head.slice(end + 4), 'latin1');
    this.head = '';
    this.nowOpen();
    if (rest.length > 0) this.webSocket.push(rest);
  }

  private nowOpen(): void {
    this.isOpen = true;
    this.opened?.();
    this.opened = null;
  }
}

const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Splits a stream into unmasked, unfragmented WebSocket frames. Source: RFC 6455, section 5.2. */
class WebSocketFrames {
  private rest: Buffer | null = null;

  constructor(
    private readonly onFrame: (frame: Buffer) => void,
    private readonly onEnd: () => void,
    private readonly onPing: (payload: Buffer) => void,
  ) {}

  push(chunk: Buffer): void {
    const bytes = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1] & 0x7f;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < head) break;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
      const end = at + head + length;
      if (bytes.length < end) break;
      const opcode = bytes[at] & 0x0f;
      if (opcode === CLOSE) return this.onEnd();
      if (opcode === PING) this.onPing(bytes.subarray(at + head, end));
      else if (opcode === TEXT || opcode === BINARY) this.onFrame(bytes.subarray(at + head, end));
      at = end;
    }
    this.rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  }
}
