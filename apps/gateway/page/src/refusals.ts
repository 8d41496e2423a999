import { HoldfastError } from '#libs/client';

/** Returns whether the server refused a request with one of these codes. */
export function isRefusal(error: unknown, ...codes: readonly string[]): error is HoldfastError {
  return error instanceof HoldfastError && codes.includes(error.code);
}
