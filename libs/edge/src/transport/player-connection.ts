import type { Socket } from 'node:net';
import { BatchWriter } from '#libs/link';
import { encodeServerMessage, type Goodbye, HEADER, KIND, LENGTH_BYTES, type ServerMessage } from '#libs/protocol';
import { peerOf } from './address.js';

export type TransportName = 'websocket' | 'tcp' | (string & {});

/** What a transport hands to the gateway. Frames are binary, and views valid during the call only. */
export interface ConnectionEvents {
  /** A socket was accepted that is nobody's connection yet. False: there are too many; turn it away. */
  accepted(socket: Socket): boolean;
  /** Before its first frame; may be refused by `goodbye`. */
  opened(connection: PlayerConnection): void;
  frame(connection: PlayerConnection, frame: Buffer): void;
  closed(connection: PlayerConnection): void;
  /** The transport's own sign of life came in. False: too many of them; it is not to be answered. */
  pinged(connection: PlayerConnection, bytes: number): boolean;
  /** The kernel has taken all that was sent. */
  drained(connection: PlayerConnection): void;
}

/**
 * One player's socket, whatever carries it. Inside the gateway all frames are binary; a connection that speaks JSON
 * turns them at its own edge. Writes are gathered for one turn of the loop.
 */
export abstract class PlayerConnection {
  /** Free for the gateway's own use: what the connection belongs to. */
  state: unknown = null;
  lastMessageAt = performance.now();
  protected readonly writer: BatchWriter;
  /** What it was told when we ended it; null: we did not. */
  goodbyeCode: string | null = null;
  private isClosing = false;

  constructor(
    readonly transport: TransportName,
    readonly address: string,
    protected readonly socket: Socket,
    events: Pick<ConnectionEvents, 'drained'>,
  ) {
    this.writer = new BatchWriter(socket, () => events.drained(this));
  }

  /** A whole binary frame; copied at once. */
  abstract sendFrame(frame: Uint8Array): void;

  /** A sync from its parts, with no frame made in between. */
  abstract sendSync(version: number, seq: number, body: Uint8Array): void;

  /** Asks the transport at the other end for a sign of life, once in a silence; where a transport has no such question, nothing. */
  probe(_now: number): void {}

  /** Ends the transport's own conversation; what was written before still arrives. */
  protected abstract end(goodbye: Goodbye): void;

  send(message: ServerMessage): void {
    this.sendFrame(encodeServerMessage(message));
  }

  /** Says why, then closes; a peer that does not read it is cut after `graceMs`. */
  goodbye(goodbye: Omit<Goodbye, 'kind'>, graceMs: number): void {
    if (this.isClosing) return;
    const message: Goodbye = { kind: 'goodbye', ...goodbye };
    // Before the connection counts as closing: from then on nothing is sent any more.
    this.send(message);
    this.goodbyeCode = message.code;
    this.isClosing = true;
    this.writer.flush();
    this.end(message);
    this.endWithin(graceMs);
  }

  /** Nothing more is said or heard. What was written still arrives, at a peer that reads it in time. */
  protected endWithin(ms: number): void {
    this.isClosing = true;
    setTimeout(() => this.socket.destroy(), ms).unref();
  }

  get isOpen(): boolean {
    return !this.isClosing && !this.socket.destroyed;
  }

  /** The two ends of its socket, while it is open: asked for once, and long to keep. */
  get peer(): string {
    return peerOf(this.socket);
  }

  get backlogBytes(): number {
    return this.writer.backlogBytes;
  }

  destroy(): void {
    this.isClosing = true;
    this.socket.destroy();
  }
}

/** Raw TCP: a length before each binary frame. */
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
