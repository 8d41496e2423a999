import { Packr } from 'msgpackr';
import { decodeValue, decodeValues, SERVER_LIMITS } from './plain-value.js';

/**
 * The one MessagePack dialect of Holdfast: plain maps, arrays, strings, numbers, booleans, null and byte strings.
 * No records and no extensions of msgpackr's own, so that any MessagePack library in any language reads it. msgpackr only
 * encodes: `plain-value.ts` decodes, and knows no extension at all.
 */
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  moreTypes: false,
  encodeUndefinedAsNil: true,
  // Data of a player may have keys `constructor` and `toJSON`, and then the library would call the latter.
  useToJSON: false,
});

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Hands over values that stand one after the other, and where each of them does. Throws `NotPlainError` for anything else. */
export function unpackEach(bytes: Uint8Array, take: (value: unknown, start: number, end: number) => void): void {
  decodeValues(bytes, SERVER_LIMITS, take);
}

/** For bytes that a server wrote. Throws `NotPlainError` for anything that is not exactly one value of the dialect. */
export function unpack(bytes: Uint8Array): unknown {
  return decodeValue(bytes, 0, bytes.length, SERVER_LIMITS);
}
