import type { JwtKeySource } from './jwt-authenticator.js';

export const SESSION_OPTIONS = Symbol('SessionOptions');

/**
 * The way in which users are authenticated if no module of the application provides an `Authenticator`. `guest`: each login creates a new
 * user. `jwt`: a token names the user. `extension`: a module must provide an `Authenticator`.
 */
export type AuthOptions = { readonly kind: 'guest' } | ({ readonly kind: 'jwt' } & JwtKeySource) | { readonly kind: 'extension' };

export interface SessionOptions {
  readonly auth: AuthOptions;
  /** Time from the last `touch` of a session until the session expires, in ms. A player must reconnect within this time. */
  readonly sessionTtlMs?: number;
}

export const SESSION_TTL_MS_DEFAULT = 120_000;
