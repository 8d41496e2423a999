import type { Type } from '@nestjs/common';
import type { Authenticator } from './authenticator.js';
import type { JwtKeySource } from './jwt-authenticator.js';

export const SESSION_OPTIONS = Symbol('SessionOptions');

/** `guest`: any name becomes a new user. `jwt`: a token says who it is. Or a class of your own. */
export type AuthOptions = { readonly kind: 'guest' } | ({ readonly kind: 'jwt' } & JwtKeySource) | Type<Authenticator>;

export interface SessionOptions {
  readonly auth: AuthOptions;
  /** How long a session outlives its last `touch`, in ms: the time a player has to come back. */
  readonly sessionTtlMs?: number;
}

export const SESSION_TTL_MS_DEFAULT = 120_000;
