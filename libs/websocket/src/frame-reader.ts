import { isUtf8 } from 'node:buffer';
import { FIN, OPCODE } from './frame-header.js';

/** The receiver of the messages that a `WebSocketReader` reads. Each buffer is a view that is valid only during the call. */
export interface WebSocketInbox {
  /** A whole message, whether it came in one frame or in several. */
  message(bytes: Buffer, isBinary: boolean): void;
  ping(bytes: Buffer): void;
  pong(bytes: Buffer): void;
  /** The close frame of the client, which is its last frame. `code` is 1005 when the frame has no code. */
  closing(code: number): void;
}

/**
 * The error when the client violates the protocol. `closeCode` is the code for the close frame that the server sends. Source: RFC 6455,
 * section 7.4.1.
 */
export class WebSocketError extends Error {
  constructor(
    readonly closeCode: 1002 | 1007 | 1008 | 1009,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Maximum number of frames of one message. Browsers split a long message into a few frames. Without this limit, a message of many small
 * frames would need many times the memory of its payload.
 */
const FRAGMENTS_MAX = 64;
const CONTROL_BYTES_MAX = 125;
const MASK_BYTES = 4;
/** Maximum size of a header, in bytes: two bytes, an extended length of up to eight bytes, and the mask. */
const HEADER_BYTES_MAX = 14;

/**
 * Bits of the first byte that only extensions set. A frame with one of these bits is refused, because the handshake accepts no extension.
 */
const RESERVED = 0x70;
const MASKED = 0x80;
/** The code that stands for a close frame without a code. A frame never contains this number. Source: RFC 6455, section 7.4.1. */
export const NO_STATUS = 1005;

/**
 * Reads the frames that a client sends and delivers their messages: the server's side of RFC 6455, sections 5 and 7.1.5. A frame that
 * arrived in one piece is unmasked in place and delivered as a view. Only a frame that arrived in several pieces is copied. Memory is
 * bounded: the reader stores at most one message of `messageBytesMax`, and when a header announces more, the reader refuses the frame
 * without allocating memory for it.
 */
export class WebSocketReader {
  /** The first bytes of an incomplete header. Null: no header is incomplete. */
  private header: Buffer | null = null;
  private headerFilled = 0;
  /** The first bytes of an incomplete payload. Null: no payload is incomplete. */
  private payload: Buffer | null = null;
  private payloadFilled = 0;
  /** First byte of the last header. */
  private first = 0;
  /** Payload length in the last header, in bytes. */
  private length = 0;
  /** Mask in the last header. */
  private mask = 0;
  /** The frames of an incomplete message. Null: no message is incomplete. */
  private fragments: Buffer[] | null = null;
  private fragmentBytes = 0;
  private isBinary = false;
  private isOver = false;

  constructor(
    private readonly messageBytesMax: number,
    private readonly inbox: WebSocketInbox,
  ) {}

  /**
   * Reads bytes as they come from the socket. Delivered messages are views of `chunk`. Bytes after a close frame, or after an error, are
   * ignored.
   *
   * @throws WebSocketError when the client broke the protocol
   */
  push(chunk: Buffer): void {
    let at = 0;
    try {
      while (at < chunk.length && !this.isOver) at = this.payload === null ? this.take(chunk, at) : this.fill(this.payload, chunk, at);
    } catch (error) {
      this.isOver = true;
      throw error;
    }
  }

  /** Reads a header, and its payload if all of it has arrived. Returns the offset of the next unread byte. */
  private take(chunk: Buffer, at: number): number {
    const start = this.header === null ? this.readHeader(chunk, at, chunk.length) : this.fillHeader(this.header, chunk, at);
    if (start === null) return chunk.length;
    const end = start + this.length;
    if (end > chunk.length) {
      this.payload = Buffer.allocUnsafeSlow(this.length);
      this.payloadFilled = 0;
      return this.fill(this.payload, chunk, start);
    }
    unmask(chunk, start, end, this.mask);
    this.deliver(chunk.subarray(start, end));
    return end;
  }

  /**
   * Reads the header that starts at `at` and returns its end. When a part of the header is missing, stores the bytes that have arrived and
   * returns null.
   */
  private readHeader(bytes: Buffer, at: number, end: number): number | null {
    if (end - at >= 2) {
      const first = bytes[at]!;
      const second = bytes[at + 1]!;
      this.first = first;
      this.checkStart(first, second);
      const short = second & 0x7f;
      const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
      const maskAt = at + 2 + lengthBytes;
      if (end - maskAt >= MASK_BYTES) {
        this.length = lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(at + 2) : longLength(bytes, at + 2);
        this.mask = bytes.readInt32BE(maskAt);
        this.checkLength(first);
        return maskAt + MASK_BYTES;
      }
    }
    if (this.header === null) {
      this.header = Buffer.allocUnsafeSlow(HEADER_BYTES_MAX);
      this.headerFilled = bytes.copy(this.header, 0, at, end);
    }
    return null;
  }

  private fillHeader(header: Buffer, chunk: Buffer, from: number): number | null {
    for (let at = from; at < chunk.length; at++) {
      header[this.headerFilled++] = chunk[at]!;
      if (this.readHeader(header, 0, this.headerFilled) === null) continue;
      this.header = null;
      return at + 1;
    }
    return null;
  }

  private fill(payload: Buffer, chunk: Buffer, at: number): number {
    const taken = chunk.copy(payload, this.payloadFilled, at);
    this.payloadFilled += taken;
    if (this.payloadFilled === payload.length) {
      this.payload = null;
      unmask(payload, 0, payload.length, this.mask);
      this.deliver(payload);
    }
    return at + taken;
  }

  private checkStart(first: number, second: number): void {
    if ((first & RESERVED) !== 0) throw new WebSocketError(1002, 'No extension was negotiated.');
    if ((second & MASKED) === 0) throw new WebSocketError(1002, 'A client must mask its frames.');
    const opcode = first & 0x0f;
    if (opcode >= OPCODE.close) {
      if (opcode > OPCODE.pong) throw new WebSocketError(1002, 'This opcode of a control frame is reserved.');
      if ((first & FIN) === 0 || (second & 0x7f) > CONTROL_BYTES_MAX)
        throw new WebSocketError(1002, 'A control frame has at most 125 bytes and is not fragmented.');
      return;
    }
    if (opcode > OPCODE.binary) throw new WebSocketError(1002, 'This opcode of a data frame is reserved.');
    if ((opcode === OPCODE.continuation) !== (this.fragments !== null))
      throw new WebSocketError(1002, 'A new message began before the last one was complete, or a continuation frame has no message.');
  }

  private checkLength(first: number): void {
    if ((first & 0x0f) >= OPCODE.close) return;
    const before = this.fragments === null ? 0 : this.fragmentBytes;
    if (before + this.length > this.messageBytesMax) throw new WebSocketError(1009, `A message has at most ${this.messageBytesMax} bytes.`);
  }

  private deliver(bytes: Buffer): void {
    const opcode = this.first & 0x0f;
    switch (opcode) {
      case OPCODE.ping:
        return this.inbox.ping(bytes);
      case OPCODE.pong:
        return this.inbox.pong(bytes);
      case OPCODE.close: {
        const code = closeCodeOf(bytes);
        this.isOver = true;
        return this.inbox.closing(code);
      }
      default:
        return this.deliverData(opcode, bytes);
    }
  }

  private deliverData(opcode: number, bytes: Buffer): void {
    if (opcode !== OPCODE.continuation) this.isBinary = opcode === OPCODE.binary;
    const isLast = (this.first & FIN) !== 0;
    if (isLast && this.fragments === null) return this.deliverMessage(bytes);
    this.fragments ??= [];
    if (this.fragments.length === FRAGMENTS_MAX) throw new WebSocketError(1008, `A message has at most ${FRAGMENTS_MAX} frames.`);
    this.fragments.push(Buffer.from(bytes));
    this.fragmentBytes += bytes.length;
    if (!isLast) return;
    const whole = Buffer.concat(this.fragments, this.fragmentBytes);
    this.fragments = null;
    this.fragmentBytes = 0;
    this.deliverMessage(whole);
  }

  private deliverMessage(bytes: Buffer): void {
    if (!this.isBinary && !isUtf8(bytes)) throw new WebSocketError(1007, 'A text message must be valid UTF-8.');
    this.inbox.message(bytes, this.isBinary);
  }
}

function unmask(bytes: Buffer, start: number, end: number, mask: number): void {
  const first = mask >>> 24;
  const second = (mask >>> 16) & 0xff;
  const third = (mask >>> 8) & 0xff;
  const fourth = mask & 0xff;
  let at = start;
  for (const whole = end - 3; at < whole; at += 4) {
    bytes[at]! ^= first;
    bytes[at + 1]! ^= second;
    bytes[at + 2]! ^= third;
    bytes[at + 3]! ^= fourth;
  }
  if (at < end) bytes[at]! ^= first;
  if (at + 1 < end) bytes[at + 1]! ^= second;
  if (at + 2 < end) bytes[at + 2]! ^= third;
}

function longLength(bytes: Buffer, at: number): number {
  // A length of 4 GiB or more is always refused, so its exact value does not matter.
  return bytes.readUInt32BE(at) > 0 ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(at + 4);
}

/** Returns the code in the payload of a close frame. Source: RFC 6455, sections 5.5.1 and 7.4. */
function closeCodeOf(bytes: Buffer): number {
  if (bytes.length === 0) return NO_STATUS;
  const code = bytes.length === 1 ? 0 : bytes.readUInt16BE(0);
  const isKnown = (code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_STATUS && code !== 1006) || (code >= 3000 && code <= 4999);
  if (!isKnown) throw new WebSocketError(1002, 'This close code may not be sent.');
  if (!isUtf8(bytes.subarray(2))) throw new WebSocketError(1007, 'A close reason must be valid UTF-8.');
  return code;
}
