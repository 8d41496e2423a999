/**
 * The one error of this library. When it decodes: the bytes are malformed, or do not fit the old value. When it encodes or hashes:
 * the value is not plain data. The message says which.
 */
export class StatePatchError extends Error {
  override readonly name = 'StatePatchError';
}
