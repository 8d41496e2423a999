import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 bits: nobody guesses it, so one round of SHA-256 is enough to keep it. */
const SECRET_BYTES = 32;
const SESSION_ID_BYTES = 16;

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function newSessionId(): string {
  return randomBytes(SESSION_ID_BYTES).toString('base64url');
}

/** What is stored of a secret: who reads the store cannot resume. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** In constant time, so that a wrong secret does not learn how wrong it was. */
export function isHashOf(secretHash: string, stored: string): boolean {
  const [shown, kept] = [Buffer.from(secretHash), Buffer.from(stored)];
  return shown.length === kept.length && timingSafeEqual(shown, kept);
}
