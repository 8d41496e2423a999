import { Packr } from 'msgpackr';
import { decodeValue, decodeValues, SERVER_LIMITS } from './plain-value.js';

/**
 * The one MessagePack dialect of Holdfast: plain maps, arrays, strings, numbers, booleans, null and byte strings. It uses no
 * records and no extensions, so any MessagePack library in any language can read it. msgpackr only encodes; `plain-value.ts`
 * decodes.
 */
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  moreTypes: false,
  encodeUndefinedAsNil: true,
  // A player's data may have the keys `constructor` and `toJSON`. With this option on, the library would call `toJSON`.
  useToJSON: false,
});

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Decodes a series of values and passes each to `take` with its offsets. Throws `NotPlainError` for anything else. */
export function unpackEach(bytes: Uint8Array, take: (value: unknown, start: number, end: number) => void): void {
  decodeValues(bytes, SERVER_LIMITS, take);
}

/** Decodes bytes that a server wrote. Throws `NotPlainError` unless they are exactly one value of the dialect. */
export function unpack(bytes: Uint8Array): unknown {
  return decodeValue(bytes, 0, bytes.length, SERVER_LIMITS);
}
