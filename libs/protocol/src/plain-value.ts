/**
 * Limits of the decoder in this file, the only MessagePack decoder of Holdfast. It accepts the dialect of `docs/protocol.md` and nothing
 * else: nil, booleans, numbers, strings, byte strings, arrays, and maps with string keys. It has no code for extension types, so no option
 * can enable them. It checks and decodes in one pass over the bytes. It compares every length with the number of remaining bytes, and every
 * count with the budget, before it allocates.
 *
 * A value cannot contain the same object twice, so the size of its tree is bounded by its size in bytes.
 */
export interface ReadLimits {
  /** Maximum number of values in one decoded value: maps, arrays, strings, numbers and so on, without the keys of maps. */
  readonly nodes: number;
  /** Maximum nesting of maps and arrays. */
  readonly depth: number;
  /** True: text that is not UTF-8 is refused. False: each invalid sequence becomes U+FFFD. */
  readonly strictText: boolean;
}

/** Maximum nesting of maps and arrays in data of a player. */
export const NESTING_MAX = 512;

/** Limits for data of players. `docs/protocol.md` states these numbers. */
export const PLAYER_LIMITS: ReadLimits = { nodes: 65_536, depth: NESTING_MAX, strictText: true };

/**
 * Limits for data of our own servers: link frames after the handshake, messages to players, and everything in Redis. They are wider than
 * the limits for players, because servers wrap players' data, and because a server that refused the state of a room would lose the room.
 * Every allowed state of a game is within these limits. Invalid text is replaced. Otherwise an emoji that was cut in half would close a
 * link or end a room.
 */
export const SERVER_LIMITS: ReadLimits = { nodes: 2 ** 25, depth: 2 * NESTING_MAX, strictText: false };

/** The error for bytes or text that are not a value of the dialect. The message names the problem and its offset, and quotes nothing. */
export class NotPlainError extends Error {
  constructor(problem: string, offset?: number) {
    super(offset === undefined ? problem : `${problem} at byte ${offset}`);
    this.name = 'NotPlainError';
  }
}

/** Decodes the value from `start` to `end`. Throws `NotPlainError` when the bytes are not exactly one value. */
export function decodeValue(bytes: Uint8Array, start: number, end: number, limits: ReadLimits): unknown {
  begin(bytes, start, end, limits);
  const value = readValue(limits.depth);
  if (at < end) throw notPlain('more bytes than one value');
  source = NO_BYTES;
  return value;
}

/**
 * Decodes a series of values and passes each to `take` with its offsets. The limits apply to each value. Throws as `decodeValue`
 * does.
 */
export function decodeValues(bytes: Uint8Array, limits: ReadLimits, take: (value: unknown, start: number, end: number) => void): void {
  for (let start = 0; start < bytes.length; ) {
    begin(bytes, start, bytes.length, limits);
    base = 0;
    const value = readValue(limits.depth);
    const end = at;
    source = NO_BYTES;
    // Reads no variable of the decoder after `take`, because `take` may call the decoder, which overwrites them.
    take(value, start, end);
    start = end;
  }
}

/** Decodes UTF-8 text. Throws `NotPlainError` for invalid UTF-8. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  begin(bytes, start, end, PLAYER_LIMITS);
  const text = readText(end - start);
  source = NO_BYTES;
  return text;
}

// The variables below are the state of the decoder. Decoding is synchronous and never reentrant, so one set of them is enough for the
// process. For a small frame, the decoder allocates nothing except the decoded value.
const NO_BYTES = new Uint8Array(0);
let source: Uint8Array = NO_BYTES;
/** The offset in `source` that is offset 0 in error messages. */
let base = 0;
let at = 0;
let stop = 0;
let nodesLeft = 0;
let isStrict = true;

function begin(bytes: Uint8Array, start: number, end: number, limits: ReadLimits): void {
  source = bytes;
  base = start;
  at = start;
  stop = end;
  nodesLeft = limits.nodes - 1;
  isStrict = limits.strictText;
}

/** Reads one value. `depth` is the number of levels of maps and arrays that are still allowed. */
function readValue(depth: number): unknown {
  if (at >= stop) throw cutShort();
  const token = source[at++]!;
  if (token < 0x80) return token;
  if (token >= 0xe0) return token - 0x100;
  if (token < 0x90) return readMap(token & 0x0f, depth);
  if (token < 0xa0) return readArray(token & 0x0f, depth);
  if (token < 0xc0) return readText(token & 0x1f);
  switch (token) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readBytes(readUint8());
    case 0xc5:
      return readBytes(readUint16());
    case 0xc6:
      return readBytes(readUint32());
    case 0xca:
      take(4);
      for (let index = 0; index < 4; index++) scratchBytes[index] = source[at - 4 + index]!;
      return scratch.getFloat32(0);
    case 0xcb:
      take(8);
      for (let index = 0; index < 8; index++) scratchBytes[index] = source[at - 8 + index]!;
      return scratch.getFloat64(0);
    case 0xcc:
      return readUint8();
    case 0xcd:
      return readUint16();
    case 0xce:
      return readUint32();
    case 0xcf:
      return exact(readUint32(), readUint32());
    case 0xd0:
      return (readUint8() << 24) >> 24;
    case 0xd1:
      return (readUint16() << 16) >> 16;
    case 0xd2:
      return readUint32() | 0;
    case 0xd3:
      return exact(readUint32() | 0, readUint32());
    case 0xd9:
      return readText(readUint8());
    case 0xda:
      return readText(readUint16());
    case 0xdb:
      return readText(readUint32());
    case 0xdc:
      return readArray(readUint16(), depth);
    case 0xdd:
      return readArray(readUint32(), depth);
    case 0xde:
      return readMap(readUint16(), depth);
    case 0xdf:
      return readMap(readUint32(), depth);
    default:
      // c1 has no meaning in MessagePack. The eight extension forms are c7 to c9 and d4 to d8.
      at -= 1;
      throw notPlain(token === 0xc1 ? 'a byte without a meaning' : 'an extension type, which is never allowed');
  }
}

function readArray(length: number, depth: number): unknown[] {
  // Each item has at least one byte, so a larger count is malformed.
  enter(length, length, depth);
  const array = new Array<unknown>(length);
  for (let index = 0; index < length; index++) array[index] = readValue(depth - 1);
  return array;
}

function readMap(size: number, depth: number): Record<string, unknown> {
  // Each entry has at least two bytes, so a larger count is malformed.
  enter(size, 2 * size, depth);
  const map: Record<string, unknown> = {};
  for (let index = 0; index < size; index++) {
    // When a key occurs twice, the last value is valid, as in JSON.parse.
    const key = readKey();
    map[key] = readValue(depth - 1);
  }
  return map;
}

function enter(nodes: number, bytesMin: number, depth: number): void {
  if (depth === 0) throw notPlain('maps and arrays nested too deep');
  if (bytesMin > stop - at) throw cutShort();
  nodesLeft -= nodes;
  if (nodesLeft < 0) throw notPlain('too many values');
}

function readKey(): string {
  if (at >= stop) throw cutShort();
  const token = source[at++]!;
  let length: number;
  if (token >= 0xa0 && token < 0xc0) length = token & 0x1f;
  else if (token === 0xd9) length = readUint8();
  else if (token === 0xda) length = readUint16();
  else if (token === 0xdb) length = readUint32();
  else {
    at -= 1;
    throw notPlain('a key of a map that is no string');
  }
  const start = at;
  take(length);
  const key = length <= CACHED_MAX ? cachedText(KEYS, start, length) : textOf(start, length);
  if (key === '__proto__') {
    at = start;
    throw notPlain('a key __proto__');
  }
  return key;
}

function readText(length: number): string {
  const start = at;
  take(length);
  return length <= CACHED_MAX ? cachedText(TEXTS, start, length) : textOf(start, length);
}

/** Copies the bytes, because the result must stay valid after the buffer of the frame is reused. */
function readBytes(length: number): Uint8Array {
  const start = at;
  take(length);
  const copy = new Uint8Array(length);
  copy.set(source.subarray(start, at));
  return copy;
}

function readUint8(): number {
  take(1);
  return source[at - 1]!;
}

function readUint16(): number {
  take(2);
  return (source[at - 2]! << 8) | source[at - 1]!;
}

function readUint32(): number {
  take(4);
  return ((source[at - 4]! << 24) | (source[at - 3]! << 16) | (source[at - 2]! << 8) | source[at - 1]!) >>> 0;
}

function take(length: number): void {
  if (length > stop - at) throw cutShort();
  at += length;
}

/** Refuses a number that JavaScript cannot represent exactly, because it would become another number without an error. */
function exact(high: number, low: number): number {
  const value = high * 0x1_0000_0000 + low;
  if (Number.isSafeInteger(value)) return value;
  at -= 9;
  throw notPlain('a whole number beyond 2^53');
}

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

// Tables of recent keys and short texts, which repeat often. A table entry saves the cost of creating the text again. The decoder compares
// an entry byte by byte. So a client can replace entries, but cannot change the texts that other clients receive.
const CACHED_MAX = 24;
const CACHE_MASK = 0x3ff;
const KEYS = new Array<string>(CACHE_MASK + 1).fill('');
const TEXTS = new Array<string>(CACHE_MASK + 1).fill('');

function cachedText(cache: string[], start: number, length: number): string {
  if (length === 0) return '';
  const end = start + length;
  const slot = (((length * 31 + source[start]!) * 31 + source[end - 1]!) * 31 + source[start + (length >> 1)]!) & CACHE_MASK;
  const known = cache[slot]!;
  if (known.length === length) {
    let index = 0;
    while (index < length && known.charCodeAt(index) === source[start + index]) index++;
    // The table contains only ASCII texts, so each character code equals its byte.
    if (index === length) return known;
  }
  for (let index = start; index < end; index++) if (source[index]! >= 0x80) return decoded(start, end);
  const text = asciiOf(start, end);
  cache[slot] = text;
  return text;
}

function textOf(start: number, length: number): string {
  const end = start + length;
  if (length > SCANNED_TEXT_MAX) return decoded(start, end);
  for (let index = start; index < end; index++) if (source[index]! >= 0x80) return decoded(start, end);
  return asciiOf(start, end);
}

/**
 * Maximum length of a text that is decoded in JavaScript, in bytes, on a platform with a native decoder. Longer texts are decoded natively;
 * one native call takes about as long as the decoding of a few dozen characters in JavaScript.
 */
const SCANNED_TEXT_MAX = 64;
const { fromCharCode } = String;

function asciiOf(start: number, end: number): string {
  const b = source;
  let text = '';
  let index = start;
  for (; index + 8 <= end; index += 8)
    text += fromCharCode(
      b[index]!,
      b[index + 1]!,
      b[index + 2]!,
      b[index + 3]!,
      b[index + 4]!,
      b[index + 5]!,
      b[index + 6]!,
      b[index + 7]!,
    );
  if (index + 4 <= end) {
    text += fromCharCode(b[index]!, b[index + 1]!, b[index + 2]!, b[index + 3]!);
    index += 4;
  }
  for (; index < end; index++) text += fromCharCode(b[index]!);
  return text;
}

/**
 * The decoder of the platform. Null: the platform has none, such as React Native before version 0.87. A byte order mark at the beginning is
 * a character of the text.
 */
const utf8 = typeof TextDecoder === 'undefined' ? null : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(start: number, end: number): string {
  if (utf8 !== null && end - start > SCANNED_TEXT_MAX) {
    try {
      return utf8.decode(source.subarray(start, end));
    } catch {
      // The text is not UTF-8, so `scannedText` refuses or replaces it.
    }
  }
  return scannedText(start, end);
}

/**
 * Decodes text in JavaScript, with the same result as `TextDecoder`. Overlong forms, surrogates and values above U+10FFFF
 * are not UTF-8. Sources: RFC 3629, section 4 (the ranges of the second byte); the Encoding Standard (an incomplete sequence becomes one
 * U+FFFD).
 */
function scannedText(start: number, end: number): string {
  let text = '';
  for (let index = start; index < end; ) {
    const first = source[index++]!;
    if (first < 0x80) {
      text += fromCharCode(first);
      continue;
    }
    // The number of bytes that the character still needs. -1: no character begins with this byte.
    let missing = first < 0xc2 || first > 0xf4 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    let highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    let point = first & (0x3f >> missing);
    for (; missing > 0 && index < end; missing--) {
      const byte = source[index]!;
      if (byte < lowest || byte > highest) break;
      point = (point << 6) | (byte & 0x3f);
      lowest = 0x80;
      highest = 0xbf;
      index++;
    }
    if (missing === 0) text += point > 0xffff ? String.fromCodePoint(point) : fromCharCode(point);
    else if (isStrict) {
      at = start;
      throw notPlain('text that is not UTF-8');
    } else text += '\ufffd';
  }
  return text;
}

function cutShort(): NotPlainError {
  return notPlain('bytes end before the value does');
}

function notPlain(problem: string): NotPlainError {
  source = NO_BYTES;
  return new NotPlainError(problem, at - base);
}
