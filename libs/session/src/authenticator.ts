import type { UserId } from '#libs/protocol';

/** The fields of `hello` by which a player proves an identity. */
export interface LoginProof {
  readonly name?: string;
  readonly token?: string;
}

export interface Identity {
  readonly user: UserId;
  /** The name that other players see. */
  readonly name: string;
}

/**
 * Finds the user that belongs to credentials. Each implementation decides whether the same credentials always give the
 * same user, or a new user each time.
 *
 * Throws `unauthorized` when it does not accept the credentials, and `unavailable` when it cannot check them now.
 *
 * To use your own, mark a provider of a gateway with `@Extension(Authenticator)`. See `docs/extending.md`.
 */
export abstract class Authenticator {
  abstract authenticate(credentials: LoginProof): Promise<Identity>;
}
