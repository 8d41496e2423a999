import type { UserId } from '#libs/protocol';

/** What a player shows at `hello`. */
export interface Credentials {
  readonly name?: string;
  readonly token?: string;
}

export interface Identity {
  readonly user: UserId;
  /** For other people's eyes. */
  readonly name: string;
}

/**
 * Who is this? The same user every time for the same credentials, or a new one each time, as a way of signing in has it.
 * Throws `unauthorized` when the credentials are not accepted, `unavailable` when that cannot be found out right now.
 */
export abstract class Authenticator {
  abstract authenticate(credentials: Credentials): Promise<Identity>;
}
