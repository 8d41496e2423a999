import type { Socket } from 'node:net';
import { BatchWriter } from '#libs/link';
import {
  compactHeaderBytes,
  encodeServerMessage,
  type Goodbye,
  HEADER,
  KIND,
  LENGTH_BYTES,
  type ServerMessage,
  writeCompactHeader,
} from '#libs/protocol';
import { peerOf } from './address.js';

export type TransportName = 'websocket' | 'tcp' | (string & {});

/** The events that a transport reports to the gateway. Frames are binary, and their bytes are valid only during the call. */
export interface ConnectionEvents {
  /**
   * The transport has accepted a socket. Returns false when a limit is reached; the transport then refuses the socket.
   *
   * @param address the address of the client that a proxy has reported; default: the address of the socket
   */
  accepted(socket: Socket, address?: string): boolean;
  /** A connection has opened; no frame has arrived yet. The gateway may refuse the connection with `goodbye`. */
  opened(connection: PlayerConnection): void;
  /** A whole frame has arrived. */
  frame(connection: PlayerConnection, frame: Buffer): void;
  /** The connection has closed. No other event of this connection follows. */
  closed(connection: PlayerConnection): void;
  /**
   * A ping or pong of the transport itself has arrived. Returns false when the ping exceeds the limits. The transport then does not answer
   * the ping.
   */
  pinged(connection: PlayerConnection, bytes: number): boolean;
  /** The kernel has accepted all bytes that the gateway wrote to the socket. */
  drained(connection: PlayerConnection): void;
}

/**
 * The connection of one player over any transport. All frames inside the gateway are binary, and a JSON connection converts them. The
 * connection writes all frames of one event-loop tick to the socket together.
 */
export abstract class PlayerConnection {
  /** The gateway's `ConnectionState`. Transports do not use it. */
  state: unknown = null;
  lastMessageAt = performance.now();
  protected readonly writer: BatchWriter;
  /** The code with which the gateway closed the connection. Null: the gateway has not closed it. */
  goodbyeCode: string | null = null;
  /** True: the client reads and writes binary frames. False: it reads and writes JSON, so it cannot read compact syncs. */
  readonly isBinary: boolean = true;
  /** True when the client reads compact syncs, as its subprotocol or its `hello` shows. */
  readsCompact = false;
  private isClosing = false;

  constructor(
    readonly transport: TransportName,
    readonly address: string,
    protected readonly socket: Socket,
    events: Pick<ConnectionEvents, 'drained'>,
  ) {
    this.writer = new BatchWriter(socket, () => events.drained(this));
  }

  /** Sends a whole binary frame. The bytes are copied before the call returns. */
  abstract sendFrame(frame: Uint8Array): void;

  /** Sends a sync from its parts, without building a frame first. */
  abstract sendSync(version: number, seq: number, body: Uint8Array): void;

  /** Sends a compact sync from its parts. `input`: the number of the client's last player input that the state includes. */
  abstract sendCompactSync(seq: number, input: number, body: Uint8Array): void;

  /** Sends a ping of the transport itself, at most one until the next message arrives. A transport without pings does nothing. */
  probe(_now: number): void {}

  /** Closes the connection as its transport requires. Bytes that were written earlier still arrive. */
  protected abstract end(goodbye: Goodbye): void;

  /** Encodes and sends a message. A closing connection sends nothing. */
  send(message: ServerMessage): void {
    this.sendFrame(encodeServerMessage(message));
  }

  /** Sends a `goodbye` and closes the connection. If the client has not read the `goodbye` after `graceMs`, the socket is destroyed. */
  goodbye(goodbye: Omit<Goodbye, 'kind'>, graceMs: number): void {
    if (this.isClosing) return;
    const message: Goodbye = { kind: 'goodbye', ...goodbye };
    // Sends the message before closing, because a closing connection sends nothing.
    this.send(message);
    this.goodbyeCode = message.code;
    this.isClosing = true;
    this.writer.flush();
    this.end(message);
    this.endWithin(graceMs);
  }

  /**
   * Stops sending and receiving, and destroys the socket after `ms`. Bytes that were written earlier still arrive if the client reads them
   * in time.
   */
  protected endWithin(ms: number): void {
    this.isClosing = true;
    setTimeout(() => this.socket.destroy(), ms).unref();
  }

  get isOpen(): boolean {
    return !this.isClosing && !this.socket.destroyed;
  }

  /**
   * Identifies the open socket by its two ends (`peerOf`). The text is computed on each read, because a stored text would need memory for
   * each connection.
   */
  get peer(): string {
    return peerOf(this.socket);
  }

  get backlogBytes(): number {
    return this.writer.backlogBytes;
  }

  /** Closes the socket at once, without a goodbye. */
  destroy(): void {
    this.isClosing = true;
    this.socket.destroy();
  }
}

/** A raw TCP connection. Each binary frame has its length as a prefix. */
export class TcpConnection extends PlayerConnection {
  constructor(address: string, socket: Socket, events: Pick<ConnectionEvents, 'drained'>) {
    super('tcp', address, socket, events);
  }

  override sendFrame(frame: Uint8Array): void {
    if (!this.isOpen) return;
    const at = this.writer.reserve(LENGTH_BYTES + frame.length);
    const { chunk } = this.writer;
    chunk.writeUInt32BE(frame.length, at);
    chunk.set(frame, at + LENGTH_BYTES);
  }

  override sendSync(version: number, seq: number, body: Uint8Array): void {
    if (!this.isOpen) return;
    const length = HEADER.sync.body + body.length;
    const at = this.writer.reserve(LENGTH_BYTES + length);
    this.writer.chunk.writeUInt32BE(length, at);
    writeSync(this.writer.chunk, at + LENGTH_BYTES, version, seq, body);
  }

  override sendCompactSync(seq: number, input: number, body: Uint8Array): void {
    if (!this.isOpen) return;
    const length = compactHeaderBytes(seq, input) + body.length;
    const at = this.writer.reserve(LENGTH_BYTES + length);
    const { chunk } = this.writer;
    chunk.writeUInt32BE(length, at);
    chunk.set(body, writeCompactHeader(chunk, at + LENGTH_BYTES, seq, input));
  }

  protected override end(): void {
    this.socket.end();
  }
}

export function writeSync(chunk: Buffer, at: number, version: number, seq: number, body: Uint8Array): void {
  chunk[at] = KIND.sync;
  chunk.writeUInt32BE(version, at + HEADER.sync.version);
  chunk.writeUInt32BE(seq, at + HEADER.sync.seq);
  chunk.set(body, at + HEADER.sync.body);
}
