import type { Type } from '@nestjs/common';
import type { Authenticator } from './authenticator.js';
import type { JwtKeySource } from './jwt-authenticator.js';

export const SESSION_OPTIONS = Symbol('SessionOptions');

/** `guest`: each login creates a new user. `jwt`: a token names the user. A class: your own authenticator. */
export type AuthOptions = { readonly kind: 'guest' } | ({ readonly kind: 'jwt' } & JwtKeySource) | Type<Authenticator>;

export interface SessionOptions {
  readonly auth: AuthOptions;
  /** Time after the last `touch` at which a session expires, in ms: the time that a player has to reconnect. */
  readonly sessionTtlMs?: number;
}

export const SESSION_TTL_MS_DEFAULT = 120_000;
