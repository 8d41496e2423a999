import { encodeValue } from './encode-value.js';
import { decodeValue, decodeValues, SERVER_LIMITS } from './plain-value.js';

/**
 * Encodes a value in the one MessagePack dialect of Holdfast: plain maps, arrays, strings, numbers, booleans, null and byte
 * strings. It has no extensions, so any MessagePack library in any language can read it. The result may be a view of a larger
 * buffer. Throws `NotPlainError` for any other value.
 */
export function pack(value: unknown): Uint8Array {
  return encodeValue(value);
}

/**
 * Decodes a series of values and passes each to `take` with its offsets. Throws `NotPlainError` when the bytes are not a series of values.
 */
export function unpackEach(bytes: Uint8Array, take: (value: unknown, start: number, end: number) => void): void {
  decodeValues(bytes, SERVER_LIMITS, take);
}

/** Decodes bytes that a server wrote. Throws `NotPlainError` unless they are exactly one value of the dialect. */
export function unpack(bytes: Uint8Array): unknown {
  return decodeValue(bytes, 0, bytes.length, SERVER_LIMITS);
}
