import type { Claims, UserId } from '#libs/protocol';

/** The fields of `hello` by which a player proves an identity. */
export interface LoginProof {
  readonly name?: string;
  readonly token?: string;
}

/** A user whose login was accepted. */
export interface Identity {
  readonly user: UserId;
  /** The name that other players see. */
  readonly name: string;
  /**
   * Facts about the user for games and matchmaking: plain JSON data of at most 1,024 bytes. The claims belong to the session, so each login
   * replaces them. Other players do not see them unless a game shows them. Absent: there are no claims.
   */
  readonly claims?: Claims;
}

/**
 * Port: finds the user whom the credentials identify. An implementation may return the same user for the same credentials, or a new user
 * each time.
 *
 * Throws `unauthorized` when the credentials are wrong, and `unavailable` when they cannot be checked now.
 *
 * To use another authenticator, mark a provider of a gateway with `@Extension(Authenticator)`. See `docs/extending.md`.
 */
export abstract class Authenticator {
  /**
   * Returns the user whom the credentials identify.
   *
   * @throws `HoldfastError` with `unauthorized` and a reason for the player
   */
  abstract authenticate(credentials: LoginProof): Promise<Identity>;
}
