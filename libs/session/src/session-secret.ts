import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Number of random bytes in a secret. Nobody can guess 256 bits, so the stored hash needs only one round of SHA-256. */
const SECRET_BYTES = 32;
const SESSION_ID_BYTES = 16;

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function newSessionId(): string {
  return randomBytes(SESSION_ID_BYTES).toString('base64url');
}

/** Returns the hash of a secret, for the store. A reader of the store cannot resume a session with the hash. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/**
 * Returns whether two hashes are equal. Compares in constant time, so that the duration does not show how many bytes of a guess are right.
 */
export function isHashOf(secretHash: string, stored: string): boolean {
  const [shown, kept] = [Buffer.from(secretHash), Buffer.from(stored)];
  return shown.length === kept.length && timingSafeEqual(shown, kept);
}
