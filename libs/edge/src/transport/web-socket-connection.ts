import type { Socket } from 'node:net';
import {
  bounded,
  compactHeaderBytes,
  decodeServerMessage,
  encodePlayerMessage,
  type Goodbye,
  HEADER,
  HoldfastError,
  playerMessageFromJson,
  type ServerMessage,
  serverMessageToJson,
  writeCompactHeader,
} from '#libs/protocol';
import {
  frameHeaderBytes,
  NO_STATUS,
  OPCODE,
  WebSocketError,
  type WebSocketInbox,
  WebSocketReader,
  writeFrameHeader,
} from '#libs/websocket';
import { GOODBYE_MS } from '../edge.options.js';
import { type ConnectionEvents, PlayerConnection, writeSync } from './player-connection.js';

/**
 * The maximum size of a frame that the reader accepts, as a multiple of `frameBytesMax`. For a frame between `frameBytesMax` and this size,
 * the gateway sends a `goodbye` message with a code. For a larger frame, it can send only a close frame.
 */
const READ_FACTOR = 4;

/** The WebSocket close code for each code of a goodbye. Source: RFC 6455, section 7.4.1. Codes from 4000 belong to the application. */
const CLOSE_CODES: Readonly<Record<string, number>> = { 'shutting-down': 1001, 'frame-too-large': 1009, 'bad-frame': 1007 };
const CLOSE_CODE_DEFAULT = 4000;
/**
 * Maximum number of characters of a reason in a close frame. A close frame has space for 123 bytes. Reasons are ASCII, and the rest of the
 * space is for the note "… (n characters)" at the end of a shortened reason.
 */
const CLOSE_REASON_CHARACTERS_MAX = 90;

/**
 * A WebSocket connection with the binary subprotocol. A server does not mask its frames, so the connection copies each message unchanged
 * into the batch.
 */
export class WebSocketConnection extends PlayerConnection implements WebSocketInbox {
  private readonly reader: WebSocketReader;
  private isCloseSent = false;
  private probedAt = Number.NEGATIVE_INFINITY;

  constructor(
    address: string,
    socket: Socket,
    private readonly frameBytesMax: number,
    protected readonly events: Pick<ConnectionEvents, 'frame' | 'pinged' | 'drained'>,
  ) {
    super('websocket', address, socket, events);
    this.reader = new WebSocketReader(READ_FACTOR * frameBytesMax, this);
  }

  /**
   * Sends a WebSocket ping. The browser itself answers the ping, even if the page is in the background and its timers run only once a
   * minute.
   */
  override probe(now: number): void {
    if (!this.isOpen || this.probedAt >= this.lastMessageAt) return;
    this.probedAt = now;
    this.begin(OPCODE.ping, 0);
  }

  receive(bytes: Buffer): void {
    try {
      this.reader.push(bytes);
    } catch (error) {
      if (!(error instanceof WebSocketError)) throw error;
      // After a protocol error, the gateway can send only a close frame, so the close frame contains the reason.
      this.close(error.closeCode, error.message);
      this.socket.end();
      this.endWithin(GOODBYE_MS);
    }
  }

  /** Passes a whole message to the gateway. Sends `goodbye` for a message that is empty or too large. */
  message(bytes: Buffer, isBinary: boolean): void {
    if (!this.isOpen) return;
    const { frameBytesMax } = this;
    if (bytes.length > frameBytesMax)
      return this.goodbye({ code: 'frame-too-large', reason: `A frame has at most ${frameBytesMax} bytes.` }, GOODBYE_MS);
    if (bytes.length === 0) return this.goodbye({ code: 'bad-frame', reason: 'A frame has at least one byte.' }, GOODBYE_MS);
    this.receiveMessage(bytes, isBinary);
  }

  /**
   * Answers a ping of the client. A ping counts as a message of the connection. The gateway does not answer a ping that exceeds the limits
   * of the connection.
   */
  ping(bytes: Buffer): void {
    if (!this.isOpen || !this.events.pinged(this, bytes.length)) return;
    const at = this.begin(OPCODE.pong, bytes.length);
    this.writer.chunk.set(bytes, at);
  }

  /** Counts a pong as a sign that the client is alive, even if no ping came before. */
  pong(bytes: Buffer): void {
    if (this.isOpen) this.events.pinged(this, bytes.length);
  }

  /** Answers the close frame of the client, and closes the connection. */
  closing(code: number): void {
    this.close(code, '');
    this.socket.end();
    this.endWithin(GOODBYE_MS);
  }

  protected receiveMessage(bytes: Buffer, isBinary: boolean): void {
    if (isBinary) this.events.frame(this, bytes);
    else this.goodbye({ code: 'bad-frame', reason: 'This connection speaks binary frames.' }, GOODBYE_MS);
  }

  override sendFrame(frame: Uint8Array): void {
    if (!this.isOpen) return;
    const at = this.begin(OPCODE.binary, frame.length);
    this.writer.chunk.set(frame, at);
  }

  override sendSync(version: number, seq: number, body: Uint8Array): void {
    if (!this.isOpen) return;
    const at = this.begin(OPCODE.binary, HEADER.sync.body + body.length);
    writeSync(this.writer.chunk, at, version, seq, body);
  }

  override sendCompactSync(seq: number, input: number, body: Uint8Array): void {
    if (!this.isOpen) return;
    const at = this.begin(OPCODE.binary, compactHeaderBytes(seq, input) + body.length);
    const { chunk } = this.writer;
    chunk.set(body, writeCompactHeader(chunk, at, seq, input));
  }

  protected override end(goodbye: Goodbye): void {
    this.close(CLOSE_CODES[goodbye.code] ?? CLOSE_CODE_DEFAULT, goodbye.code);
  }

  /** Sends the close frame once. The socket ends when both sides have sent a close frame. */
  private close(code: number, reason: string): void {
    if (this.isCloseSent) return;
    this.isCloseSent = true;
    const why = Buffer.from(bounded(reason, CLOSE_REASON_CHARACTERS_MAX));
    const at = this.begin(OPCODE.close, code === NO_STATUS ? 0 : 2 + why.length);
    if (code !== NO_STATUS) {
      this.writer.chunk.writeUInt16BE(code, at);
      this.writer.chunk.set(why, at + 2);
    }
    this.writer.flush();
  }

  /** Reserves a frame in the batch and writes its header. Returns the offset of its payload. */
  protected begin(opcode: number, length: number): number {
    const at = this.writer.reserve(frameHeaderBytes(length) + length);
    return writeFrameHeader(this.writer.chunk, at, opcode, length);
  }
}

/** A WebSocket connection with the JSON subprotocol, for short scripts and consoles. */
export class JsonWebSocketConnection extends WebSocketConnection {
  override readonly isBinary = false;

  override sendFrame(frame: Uint8Array): void {
    if (!this.isOpen) return;
    let message: ServerMessage;
    try {
      message = decodeServerMessage(frame);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      // Closes only this connection. A thrown error would close the link over which the frame came, and this link also carries the frames
      // of other players.
      return this.goodbye({ code: 'internal', reason: 'A message to you could not be written as JSON.', retryAfterMs: 500 }, GOODBYE_MS);
    }
    const text = Buffer.from(serverMessageToJson(message));
    const at = this.begin(OPCODE.text, text.length);
    this.writer.chunk.set(text, at);
  }

  override sendSync(version: number, seq: number, body: Uint8Array): void {
    const frame = Buffer.allocUnsafe(HEADER.sync.body + body.length);
    writeSync(frame, 0, version, seq, body);
    this.sendFrame(frame);
  }

  protected override receiveMessage(bytes: Buffer, isBinary: boolean): void {
    if (isBinary) return this.goodbye({ code: 'bad-frame', reason: 'This connection speaks JSON: text frames.' }, GOODBYE_MS);
    let frame: Buffer;
    try {
      frame = JsonWebSocketConnection.frameOf(bytes.toString('utf8'));
    } catch (error) {
      const { code, message } = error instanceof HoldfastError ? error : new HoldfastError('bad-frame');
      if (code === 'unknown-kind') return this.send({ kind: 'error', code, message, retry: false });
      return this.goodbye({ code, reason: message }, GOODBYE_MS);
    }
    this.events.frame(this, frame);
  }

  /** Returns the binary frame of a JSON message. @throws `bad-frame` or `unknown-kind` */
  static frameOf(text: string): Buffer {
    const frame = encodePlayerMessage(playerMessageFromJson(text));
    return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  }
}
