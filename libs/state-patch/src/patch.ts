import { PatchReader } from './apply.js';
import { DiffWriter } from './diff.js';

// The `PURE` marks let a bundler remove the writer from a program that only decodes, such as a page.
const writer = /* @__PURE__ */ new DiffWriter();
const reader = /* @__PURE__ */ new PatchReader();

/**
 * Encodes the difference of two immutable plain values. Both ends have `before`, so the bytes identify a child by its position and need no
 * schema. Skips children that both values share by reference, so the cost depends on the size of the change. Detects items that moved
 * within a list if both values share them or if they have an `id`.
 *
 * @returns new bytes; an empty array when the values are equal. The same values always give the same bytes.
 * @throws StatePatchError when a changed part is not plain data, or nested more than 500 levels
 * @example
 * const patch = encodePatch({ x: 1, y: 2 }, { x: 1, y: 3 }); // 3 bytes
 * applyPatch({ x: 1, y: 2 }, patch); // { x: 1, y: 3 }
 */
export function encodePatch(before: unknown, after: unknown): Uint8Array {
  return writer.diff(before, after);
}

/**
 * Applies bytes of `encodePatch` to `before`, which must equal the sender's old value except for the order of keys. Does not change
 * `before`. The result shares unchanged parts with `before`, and never refers to `patch`.
 *
 * A patch for another value is not always refused. Compare a version or `hashValue` to detect that `before` is another value than the
 * sender's.
 *
 * @throws StatePatchError when the bytes are malformed or do not fit `before`
 */
export function applyPatch<T>(before: unknown, patch: Uint8Array): T {
  return reader.apply(before, patch) as T;
}

/**
 * Encodes a whole plain value.
 *
 * @returns new bytes
 * @throws StatePatchError when the value is not plain data, or nested more than 500 levels
 */
export function encodeValue(value: unknown): Uint8Array {
  return writer.whole(value);
}

/**
 * Decodes bytes of `encodeValue`.
 *
 * @throws StatePatchError when the bytes are malformed
 */
export function decodeValue<T>(bytes: Uint8Array): T {
  return reader.whole(bytes) as T;
}
