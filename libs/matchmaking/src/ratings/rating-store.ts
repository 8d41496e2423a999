import type { UserId } from '#libs/protocol';
import type { Rating } from '../strategy/ticket.js';

/** Port: the ratings of players, by game. To replace the default store, mark a provider with `@Extension(RatingStore)` on all servers. */
export abstract class RatingStore {
  /**
   * Returns one rating for each user, in the order of `users`. Null: the user has not finished a rated game.
   *
   * @param mode the mode, in a game with `rating: 'per-mode'`; undefined: the rating of the game
   */
  abstract ratings(game: string, users: readonly UserId[], mode?: string): Promise<(Rating | null)[]>;

  /**
   * Changes the ratings of the users of one finished game, exactly once: a repeated call with the same `id` changes nothing.
   *
   * @param id identifies the finished game
   * @param change computes the new ratings from the current ratings; the store may call it several times
   * @param mode as in `ratings`
   * @returns false when an earlier call with this `id` has already changed the ratings
   */
  abstract update(game: string, id: string, users: readonly UserId[], change: RatingChange, mode?: string): Promise<boolean>;
}

/** Computes the new ratings from the ratings before the game, in the order of `before`. Pure. Null: the player has no rating yet. */
export type RatingChange = (before: readonly (Rating | null)[]) => readonly Rating[];
