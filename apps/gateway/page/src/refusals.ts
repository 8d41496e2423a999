import { HoldfastError } from '#libs/client';

export function isRefusal(error: unknown, ...codes: readonly string[]): error is HoldfastError {
  return error instanceof HoldfastError && codes.includes(error.code);
}
