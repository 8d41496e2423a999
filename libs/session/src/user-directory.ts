import type { UserId } from '#libs/protocol';

/**
 * Port: looks up users who are not connected, such as the players whom a service puts into a room by their id.
 *
 * To use your own directory, for example a table of accounts, mark a provider with `@Extension(UserDirectory)`. See `docs/extending.md`.
 */
export abstract class UserDirectory {
  /**
   * Returns the names of the users that this directory knows. Other players see these names. If a user is not in the result, they see the
   * user's id.
   */
  abstract namesOf(users: readonly UserId[]): Promise<ReadonlyMap<UserId, string>>;
}
