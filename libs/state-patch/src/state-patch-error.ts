/**
 * The error of this library. A decoder throws it when the bytes are malformed or do not fit the old value. An encoder or a hash throws it
 * when the value is not plain data or is nested too deep. The message contains the reason.
 */
export class StatePatchError extends Error {
  override readonly name = 'StatePatchError';
}
