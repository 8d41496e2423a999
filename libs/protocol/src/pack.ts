import { Packr } from 'msgpackr';

/**
 * The one MessagePack dialect of Holdfast: plain maps, arrays, strings, numbers, booleans, null and byte strings.
 * No records and no extensions of msgpackr's own, so that any MessagePack library in any language reads it.
 */
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  int64AsType: 'number',
  moreTypes: false,
  encodeUndefinedAsNil: true,
  // A key of this name is a key: a game may have a dictionary of words.
  useToJSON: false,
  // What is unpacked outlives the bytes it came in, which the next read overwrites.
  copyBuffers: true,
});

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Hands over values that stand one after the other, as `pack` made them, and where each of them does. Throws on anything else. */
export function unpackEach(bytes: Uint8Array, take: (value: unknown, start: number, end: number) => void): void {
  // It would end at a `false`.
  const takeAll = (value: unknown, start = 0, end = bytes.length): void => take(value, start, end);
  if (bytes.length > 0) packr.unpackMultiple(bytes, takeAll);
}

/** Throws on anything that is not exactly one MessagePack value. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}
