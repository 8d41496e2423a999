/**
 * The error of this library. From a decoder: the bytes are malformed, or do not fit the old value. From an encoder or a hash: the value is
 * not plain data, or is nested too deep. The message says which of these happened.
 */
export class StatePatchError extends Error {
  override readonly name = 'StatePatchError';
}
