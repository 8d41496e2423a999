import { TokenCheck } from '../admin-token.js';
import type { Actor } from './roles.js';

/** The tokens that the admin API accepts, as the messages of its refusals name them. */
export const ADMIN_TOKENS = 'an ADMIN_TOKEN or a VIEWER_TOKEN';

/** One entry of `ADMIN_TOKEN` or `VIEWER_TOKEN`. */
export interface AdminToken extends Actor {
  readonly token: string;
}

/**
 * Finds the operator or viewer to whom a token belongs. Compares the given token with all tokens of the fleet, each in constant time, so
 * that the duration shows neither which token matches nor how much of a guess is right.
 */
export class AdminTokens {
  private readonly known: readonly { readonly actor: Actor; readonly check: TokenCheck }[];

  constructor(tokens: readonly AdminToken[]) {
    this.known = tokens.map(({ name, role, token }) => ({ actor: { name, role }, check: new TokenCheck(token) }));
  }

  accepts(given: string | null): boolean {
    return this.ownerOf(given) !== null;
  }

  /** Returns null when no token matches. Of two entries with the same token, the first one counts. */
  ownerOf(given: string | null): Actor | null {
    let owner: Actor | null = null;
    for (const { actor, check } of this.known) {
      const isMatch = check.accepts(given);
      if (isMatch && owner === null) owner = actor;
    }
    return owner;
  }
}
