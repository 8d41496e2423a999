import { isUtf8 } from 'node:buffer';

/** What a WebSocket's peer says. Bytes are views, valid during the call only. */
export interface WebSocketInbox {
  /** A whole message, however it was cut. */
  message(bytes: Buffer, isBinary: boolean): void;
  ping(bytes: Buffer): void;
  pong(bytes: Buffer): void;
  /** The last thing it says. `code`: 1005 when it gives none. */
  closing(code: number): void;
}

/** What breaks the protocol; `closeCode` says how. Source: RFC 6455, section 7.4.1. */
export class WebSocketError extends Error {
  constructor(
    readonly closeCode: 1002 | 1007 | 1008 | 1009,
    message: string,
  ) {
    super(message);
  }
}

/** Libraries send whole frames; a browser may cut a long one into a few. A frame in many small pieces costs many times its size. */
const FRAGMENTS_MAX = 64;
const CONTROL_BYTES_MAX = 125;
const MASK_BYTES = 4;
/** Two bytes, a length of up to eight, and the mask. */
const HEADER_BYTES_MAX = 14;

const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;
const FIN = 0x80;
/** Set by extensions; none is ever agreed on. */
const RESERVED = 0x70;
const MASKED = 0x80;
export const NO_STATUS = 1005;

/**
 * The server's side of RFC 6455, sections 5 and 7.1.5: turns what a client sends into messages. A frame that has come
 * whole is unmasked where it stands and handed out as a view; only what was cut is copied. What a stranger can make us
 * keep is one message of `messageBytesMax`, and nothing is kept of a frame that promises more.
 */
export class WebSocketReader {
  /** Of a header that has not come whole, what has; null: there is none. */
  private header: Buffer | null = null;
  private headerFilled = 0;
  /** Of a payload that has not come whole, what has; null: there is none. */
  private payload: Buffer | null = null;
  private payloadFilled = 0;
  /** Of the last header read. */
  private first = 0;
  private length = 0;
  private mask = 0;
  /** Of a message that is not whole, its frames so far; null: there is none. */
  private fragments: Buffer[] | null = null;
  private fragmentBytes = 0;
  private isBinary = false;
  private isOver = false;

  constructor(
    private readonly messageBytesMax: number,
    private readonly inbox: WebSocketInbox,
  ) {}

  /** Throws `WebSocketError` for what no client may send. After that, and after it has closed, all else is passed over. */
  push(chunk: Buffer): void {
    let at = 0;
    try {
      while (at < chunk.length && !this.isOver) at = this.payload === null ? this.take(chunk, at) : this.fill(this.payload, chunk, at);
    } catch (error) {
      this.isOver = true;
      throw error;
    }
  }

  /** A frame's header, and its payload if that has come, too. */
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

  /** Where the header that starts at `at` ends; null: it has not come whole, and what has is kept. */
  private readHeader(bytes: Buffer, at: number, end: number): number | null {
    if (end - at >= 2) {
      const first = bytes[at];
      const second = bytes[at + 1];
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
      header[this.headerFilled++] = chunk[at];
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
    if ((first & RESERVED) !== 0) throw new WebSocketError(1002, 'No extension was agreed on.');
    if ((second & MASKED) === 0) throw new WebSocketError(1002, 'A client masks its frames.');
    const opcode = first & 0x0f;
    if (opcode >= OPCODE.close) {
      if (opcode > OPCODE.pong) throw new WebSocketError(1002, 'There is no such control frame.');
      if ((first & FIN) === 0 || (second & 0x7f) > CONTROL_BYTES_MAX)
        throw new WebSocketError(1002, 'A control frame is short, and whole.');
      return;
    }
    if (opcode > OPCODE.binary) throw new WebSocketError(1002, 'There is no such frame.');
    if ((opcode === OPCODE.continuation) !== (this.fragments !== null))
      throw new WebSocketError(1002, 'A message is whole before the next begins.');
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
    if (!this.isBinary && !isUtf8(bytes)) throw new WebSocketError(1007, 'Text is UTF-8.');
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
    bytes[at] ^= first;
    bytes[at + 1] ^= second;
    bytes[at + 2] ^= third;
    bytes[at + 3] ^= fourth;
  }
  if (at < end) bytes[at] ^= first;
  if (at + 1 < end) bytes[at + 1] ^= second;
  if (at + 2 < end) bytes[at + 2] ^= third;
}

function longLength(bytes: Buffer, at: number): number {
  // More than any limit, and than a number holds exactly.
  return bytes.readUInt32BE(at) > 0 ? Number.POSITIVE_INFINITY : bytes.readUInt32BE(at + 4);
}

/** Source: RFC 6455, sections 5.5.1 and 7.4. */
function closeCodeOf(bytes: Buffer): number {
  if (bytes.length === 0) return NO_STATUS;
  const code = bytes.length === 1 ? 0 : bytes.readUInt16BE(0);
  const isKnown = (code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_STATUS && code !== 1006) || (code >= 3000 && code <= 4999);
  if (!isKnown) throw new WebSocketError(1002, 'There is no such close code.');
  if (!isUtf8(bytes.subarray(2))) throw new WebSocketError(1007, 'A reason is UTF-8.');
  return code;
}
