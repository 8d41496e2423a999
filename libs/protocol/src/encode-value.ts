import { NotPlainError, SERVER_LIMITS } from './plain-value.js';

/**
 * Encodes a value. This is the only MessagePack encoder of Holdfast; `plain-value.ts` is the decoder. It writes the shortest form of each
 * value of the dialect, and refuses every other value. So the decoder accepts everything that this encoder writes.
 *
 * A field that is `undefined` becomes nil. A number that is not a 32-bit integer becomes a 64-bit float, and -0 becomes 0. A lone half of a
 * surrogate pair becomes U+FFFD. An instance of a class becomes a map of its own fields.
 *
 * @throws NotPlainError for a function, symbol or bigint, a built-in object such as a Date or a Map, a key `__proto__`, and for nesting
 *   beyond `SERVER_LIMITS`, which includes a cycle
 */
export function encodeValue(value: unknown): Uint8Array {
  target = pool;
  view = poolView;
  start = at = poolAt;
  writeValue(value, SERVER_LIMITS.depth);
  return finished();
}

// The variables below are the state of the encoder. Encoding is synchronous, so one set of them is enough for the process.

/** Size of the pool of small results, in bytes. Small results are views of the pool, so a small frame needs no allocation. */
const POOL_BYTES = 8 * 1024;
/** Minimum number of free bytes in the pool. With fewer free bytes, the encoder begins a new pool. */
const POOL_REST_MIN = 512;
/**
 * Maximum size of the scratch buffer that is kept for the next result, in bytes. The encoder writes a large result to the scratch buffer
 * and then copies it. The encoder releases a scratch buffer above this size, so that one huge result does not occupy memory permanently.
 */
const SCRATCH_BYTES_MAX = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);

let pool = new Uint8Array(POOL_BYTES);
let poolAt = 0;
let scratch = NO_BYTES;
let target: Uint8Array = pool;
let poolView = new DataView(pool.buffer);
let view = poolView;
let start = 0;
let at = 0;

function finished(): Uint8Array {
  if (target === pool) {
    const result = pool.subarray(start, at);
    poolAt = at;
    if (poolAt > POOL_BYTES - POOL_REST_MIN) {
      pool = new Uint8Array(POOL_BYTES);
      poolView = new DataView(pool.buffer);
      poolAt = 0;
    }
    return result;
  }
  const result = target.slice(0, at);
  if (scratch.length > SCRATCH_BYTES_MAX) scratch = NO_BYTES;
  return result;
}

/** Ensures that `target` has `bytes` free bytes. */
function reserve(bytes: number): void {
  if (at + bytes > target.length) grow(bytes);
}

function grow(bytes: number): void {
  const used = at - start;
  const isEnough = target !== scratch && used + bytes <= scratch.length;
  const larger = isEnough ? scratch : new Uint8Array(Math.max(2 * (used + bytes), 4 * POOL_BYTES));
  larger.set(target.subarray(start, at));
  target = scratch = larger;
  view = new DataView(larger.buffer);
  start = 0;
  at = used;
}

/** Writes one value. `depth` is the number of levels of maps and arrays that are still allowed. */
function writeValue(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'number':
      return writeNumber(value);
    case 'boolean':
      return writeByte(value ? 0xc3 : 0xc2);
    case 'undefined':
      return writeByte(0xc0);
    case 'object':
      if (value === null) return writeByte(0xc0);
      if (Array.isArray(value)) return writeArray(value, depth);
      if (Object.getPrototypeOf(value) === Object.prototype) return writeMap(value as Record<string, unknown>, depth);
      return writeOther(value, depth);
    default:
      throw new NotPlainError(`a ${typeof value}`);
  }
}

function writeByte(byte: number): void {
  reserve(1);
  target[at++] = byte;
}

function writeNumber(value: number): void {
  reserve(9);
  if ((value | 0) === value) {
    if (value >= 0) {
      if (value < 0x80) target[at++] = value;
      else if (value < 0x100) put8(0xcc, value);
      else if (value < 0x1_0000) put16(0xcd, value);
      else put32(0xce, value);
    } else if (value >= -0x20) target[at++] = value + 0x100;
    else if (value >= -0x80) put8(0xd0, value);
    else if (value >= -0x8000) put16(0xd1, value);
    else put32(0xd2, value);
  } else if (value >>> 0 === value) put32(0xce, value);
  else {
    target[at] = 0xcb;
    view.setFloat64(at + 1, value);
    at += 9;
  }
}

function writeArray(array: readonly unknown[], depth: number): void {
  enter(depth);
  const { length } = array;
  writeLength(length, 0x90, 0x10, 0xdc);
  for (let index = 0; index < length; index++) writeValue(array[index], depth - 1);
}

function writeMap(map: Record<string, unknown>, depth: number): void {
  enter(depth);
  const keys = Object.keys(map);
  writeLength(keys.length, 0x80, 0x10, 0xde);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (key === '__proto__') throw new NotPlainError('a key __proto__');
    writeText(key);
    writeValue(map[key], depth - 1);
  }
}

/**
 * Writes an object whose prototype is not `Object.prototype`. The tag of the object (`[object Map]`) decides whether it is allowed, because
 * a plain object of another realm (`node:vm`) also has another prototype.
 */
function writeOther(value: object, depth: number): void {
  if (value instanceof Uint8Array) return writeBytes(value);
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'Uint8Array') return writeBytes(value as Uint8Array);
  if (tag !== 'Object') throw new NotPlainError(`a ${tag}`);
  writeMap(value as Record<string, unknown>, depth);
}

function enter(depth: number): void {
  if (depth === 0) throw new NotPlainError('maps and arrays nested too deep');
}

function writeBytes(bytes: Uint8Array): void {
  const { length } = bytes;
  reserve(5 + length);
  if (length < 0x100) put8(0xc4, length);
  else if (length < 0x1_0000) put16(0xc5, length);
  else put32(0xc6, length);
  target.set(bytes, at);
  at += length;
}

const utf8 = new TextEncoder();
/**
 * Maximum length of a text that is encoded in JavaScript, in UTF-16 code units. Longer texts are encoded natively, because one native call
 * takes only as long as the encoding of a few dozen characters in JavaScript.
 */
const WRITTEN_HERE_MAX = 64;

function writeText(text: string): void {
  const { length } = text;
  // The header has at most five bytes, and each UTF-16 code unit becomes at most three bytes of UTF-8.
  reserve(5 + 3 * length);
  // The size of the header if the text is ASCII. Other text can need a longer header; its bytes are then moved behind that header.
  const guess = headerBytes(length);
  const begin = at + guess;
  const written = length > WRITTEN_HERE_MAX ? utf8.encodeInto(text, target.subarray(begin)).written : writeShortText(text, begin);
  const needed = written === length ? guess : headerBytes(written);
  if (needed > guess) target.copyWithin(at + needed, begin, begin + written);
  if (needed === 1) target[at++] = 0xa0 + written;
  else if (needed === 2) put8(0xd9, written);
  else if (needed === 3) put16(0xda, written);
  else put32(0xdb, written);
  at += written;
}

/** Writes UTF-8 at `begin` and returns its length. Source: RFC 3629, section 3. */
function writeShortText(text: string, begin: number): number {
  const bytes = target;
  const { length } = text;
  let end = begin;
  for (let index = 0; index < length; index++) {
    let unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes[end++] = unit;
      continue;
    }
    if (unit < 0x800) bytes[end++] = 0xc0 | (unit >> 6);
    else {
      if (unit >= 0xd800 && unit < 0xe000) {
        const point = text.codePointAt(index)!;
        if (point > 0xffff) {
          bytes[end++] = 0xf0 | (point >> 18);
          bytes[end++] = 0x80 | ((point >> 12) & 0x3f);
          bytes[end++] = 0x80 | ((point >> 6) & 0x3f);
          bytes[end++] = 0x80 | (point & 0x3f);
          index += 1;
          continue;
        }
        unit = 0xfffd;
      }
      bytes[end++] = 0xe0 | (unit >> 12);
      bytes[end++] = 0x80 | ((unit >> 6) & 0x3f);
    }
    bytes[end++] = 0x80 | (unit & 0x3f);
  }
  return end - begin;
}

function headerBytes(length: number): number {
  return length < 0x20 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
}

/**
 * Writes the header of an array or a map. Below `limit`, the header is one byte: the sum of `short` and the length. Otherwise it is the
 * byte `long` or `long + 1`, followed by the length.
 */
function writeLength(length: number, short: number, limit: number, long: number): void {
  reserve(5);
  if (length < limit) target[at++] = short + length;
  else if (length < 0x1_0000) put16(long, length);
  else put32(long + 1, length);
}

function put8(token: number, value: number): void {
  target[at++] = token;
  target[at++] = value;
}

function put16(token: number, value: number): void {
  target[at++] = token;
  target[at++] = value >> 8;
  target[at++] = value;
}

function put32(token: number, value: number): void {
  target[at++] = token;
  target[at++] = value >> 24;
  target[at++] = value >> 16;
  target[at++] = value >> 8;
  target[at++] = value;
}
