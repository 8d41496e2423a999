import { SHORT_LIST, SHORT_TEXT, TEXT } from './format.js';
import { StatePatchError } from './state-patch-error.js';

/** The UTF-8 decoder of the platform. React Native before version 0.87 has none. */
const utf8 = typeof TextDecoder === 'undefined' ? { decode: decodedByUri } : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Maximum length of an ASCII string that is read in a loop, in bytes. For short strings, the loop is faster than the decoder. */
const LOOP_BYTES_MAX = 24;

/** Reads from a range of bytes. Throws StatePatchError instead of reading beyond the end of the range. */
export class ByteReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  begin(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) refuse('it ends too early');
    return this.bytes[this.at++]!;
  }

  /** Skips `count` bytes and returns the position of the first of them. */
  take(count: number): number {
    const { at } = this;
    if (count > this.end - at) refuse('it ends too early');
    this.at = at + count;
    return at;
  }

  /** Reads an integer from 0 to 2^53 - 1. */
  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      if (factor > 2 ** 49) refuse('an integer has too many bytes');
      byte = this.byte();
      value += (byte & 0x7f) * factor;
    }
    if (value > Number.MAX_SAFE_INTEGER) refuse('an integer is too large');
    return value;
  }

  /** Reads a string with its tag. */
  text(): string {
    const tag = this.byte();
    if (tag >= SHORT_TEXT && tag < SHORT_LIST) return this.textOf(tag - SHORT_TEXT);
    if (tag !== TEXT) refuse('a string is expected');
    return this.textOf(this.varint());
  }

  textOf(byteCount: number): string {
    const at = this.take(byteCount);
    const { bytes } = this;
    if (byteCount <= LOOP_BYTES_MAX) {
      let text = '';
      let index = 0;
      for (; index < byteCount && bytes[at + index]! < 0x80; index++) text += String.fromCharCode(bytes[at + index]!);
      if (index === byteCount) return text;
    }
    try {
      return utf8.decode(bytes.subarray(at, at + byteCount));
    } catch {
      return refuse('a string is not UTF-8');
    }
  }
}

/** Decodes UTF-8 by the decoder of URIs, which every platform has. Throws URIError for bytes that are not UTF-8. */
function decodedByUri(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  // `escape` writes each byte as %XX, and `decodeURIComponent` reads that as UTF-8.
  return decodeURIComponent(escape(text));
}

/**
 * Throws the error for malformed bytes, or for a patch that does not fit the old value. `why` completes the sentence "The patch does not
 * fit: …".
 */
export function refuse(why: string): never {
  throw new StatePatchError(`The patch does not fit: ${why}.`);
}
