import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * The cost of scrypt: 4 MiB of memory and about 10 ms of a worker thread. The cost is low, because a room exists only for hours and a lobby
 * hashes a password for each join. RFC 7914 explains the parameters.
 */
const COST = { N: 4_096, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const hash = promisify<string, Buffer, number, typeof COST, Buffer>(scrypt);

/** Returns the stored form of a password: `<salt>.<hash>`, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return `${salt.toString('base64url')}.${(await hash(normalized(password), salt, HASH_BYTES, COST)).toString('base64url')}`;
}

/** Returns whether the password matches its stored form. Compares in constant time. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [salt = '', expected = ''] = stored.split('.');
  const wanted = Buffer.from(expected, 'base64url');
  if (wanted.length !== HASH_BYTES) return false;
  return timingSafeEqual(await hash(normalized(password), Buffer.from(salt, 'base64url'), HASH_BYTES, COST), wanted);
}

/** Normalizes the text, because two keyboards can produce different code points for the same characters. */
function normalized(password: string): string {
  return password.normalize('NFKC');
}
