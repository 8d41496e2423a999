import { SHORT_TEXT, SHORT_TEXT_BYTES_MAX, TEXT } from './format.js';
import { assertWellFormed } from './plain.js';

/** Lowest value that is written in two parts as a varint, because bit operations of JavaScript have only 32 bits. */
const BITS_28 = 2 ** 28;
const utf8 = new TextEncoder();

/** Size above which a buffer is released before the next message, in bytes. So the memory for one large state does not remain occupied. */
const KEPT_BYTES_MAX = 2 ** 20;

/** Appends bytes to a buffer that grows. The buffer is reused for the next message. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;
  private view: DataView;
  /** As long as the message has at most this many bytes, the buffer has space for 8 more. */
  private lengthMax8: number;

  constructor(private readonly capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
    this.lengthMax8 = capacity - 8;
  }

  /** Begins a message. */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.use(new Uint8Array(this.capacity));
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  /**
   * Writes an integer from 0 to 2^53 - 1, seven bits per byte, lowest bits first. The upper bit of a byte is set when another byte follows.
   */
  varint(value: number): void {
    if (this.length > this.lengthMax8) this.grow(8);
    const { bytes } = this;
    let at = this.length;
    if (value < 0x4000) {
      // Handles numbers of one or two bytes first, because most differences between numbers are that small.
      const short = value | 0;
      if (short < 0x80) bytes[at] = short;
      else {
        bytes[at] = (short & 0x7f) | 0x80;
        bytes[at + 1] = short >>> 7;
      }
      this.length = short < 0x80 ? at + 1 : at + 2;
      return;
    }
    if (value >= BITS_28) {
      const rest = Math.floor(value / BITS_28);
      let low = value - rest * BITS_28;
      for (const end = at + 4; at < end; low >>>= 7) bytes[at++] = (low & 0x7f) | 0x80;
      value = rest;
    }
    for (; value >= 0x80; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80;
    bytes[at++] = value;
    this.length = at;
  }

  float32(value: number): void {
    if (this.length + 4 > this.bytes.length) this.grow(4);
    this.view.setFloat32(this.length, value);
    this.length += 4;
  }

  float64(value: number): void {
    if (this.length + 8 > this.bytes.length) this.grow(8);
    this.view.setFloat64(this.length, value);
    this.length += 8;
  }

  /** Writes a string with its tag. */
  text(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT_BYTES_MAX && this.ascii(text)) return;
    assertWellFormed(text);
    const encoded = utf8.encode(text);
    if (encoded.length <= SHORT_TEXT_BYTES_MAX) this.byte(SHORT_TEXT + encoded.length);
    else {
      this.byte(TEXT);
      this.varint(encoded.length);
    }
    if (this.length + encoded.length > this.bytes.length) this.grow(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  /** Copies all written bytes. For a few bytes, a loop is faster than `set`. */
  copyTo(target: Uint8Array, at: number): void {
    const { bytes, length } = this;
    if (length > 64) target.set(bytes.subarray(0, length), at);
    else for (let index = 0; index < length; index++) target[at + index] = bytes[index]!;
  }

  /** Writes a short string of ASCII characters. Returns false, without writing, when the text has other characters. */
  private ascii(text: string): boolean {
    const { length } = text;
    const at = this.length;
    if (at + length + 1 > this.bytes.length) this.grow(length + 1);
    const { bytes } = this;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit >= 0x80) return false;
      bytes[at + 1 + index] = unit;
    }
    bytes[at] = SHORT_TEXT + length;
    this.length = at + 1 + length;
    return true;
  }

  private grow(count: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    bytes.set(this.bytes);
    this.use(bytes);
  }

  private use(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.lengthMax8 = bytes.length - 8;
  }
}
