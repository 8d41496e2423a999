import { parsePlainJson } from './plain-json.js';
import { NotPlainError, PLAYER_LIMITS } from './plain-value.js';

/**
 * Data about a user in addition to the name: a rank, a subscription, an id of another service. The authenticator decides which claims
 * exist. Other players do not see them, unless a game shows them.
 */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Maximum size of the claims of a user, in bytes of JSON. The limit is small, because the claims are part of each request of the user and
 * of the room's record.
 */
export const CLAIMS_BYTES_MAX = 1_024;

/**
 * Returns the claims as plain JSON data, or a description of their flaw as the end of the sentence "The claims …". Undefined: there are no
 * claims.
 *
 * @param given the claims of an authenticator or a token: any value
 */
export function checkClaims(given: unknown): { readonly claims: Claims | undefined } | { readonly flaw: string } {
  if (given === undefined || given === null) return { claims: undefined };
  if (typeof given !== 'object' || Array.isArray(given)) return { flaw: 'are not an object of names and values' };
  let json: string;
  let claims: Claims;
  try {
    json = JSON.stringify(given);
    claims = parsePlainJson(json, PLAYER_LIMITS) as Claims;
  } catch (error) {
    return { flaw: error instanceof NotPlainError ? `contain ${error.message}` : 'cannot be written as JSON' };
  }
  const bytes = new TextEncoder().encode(json).length;
  if (bytes > CLAIMS_BYTES_MAX) return { flaw: `have ${bytes} bytes as JSON: at most ${CLAIMS_BYTES_MAX} are allowed` };
  return { claims: Object.keys(claims).length === 0 ? undefined : claims };
}
