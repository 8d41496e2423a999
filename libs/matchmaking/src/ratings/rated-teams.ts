import { rate } from 'openskill';
import type { RatedGame } from '#libs/room';
import type { Rating } from '../strategy/ticket.js';
import { RATING_DEFAULT } from '../strategy/windows.js';

/**
 * The parameters of the rating model, in points. `beta`: the difference at which the stronger player usually wins. `tau`: the increase of
 * the uncertainty before each game, so that old ratings can still change. The values are the defaults of openskill (25, 25/3, 25/6, 25/300)
 * times 60, so that ratings look like chess ratings.
 */
const MODEL = { mu: RATING_DEFAULT.mu, sigma: RATING_DEFAULT.sigma, beta: 250, tau: 5, limitSigma: true };

/**
 * Pure: returns the ratings after a game, in the order of the users of its teams. Source: Weng and Lin, A Bayesian Approximation Method for
 * Online Ranking (2011), as implemented by openskill (Plackett-Luce).
 *
 * @param before the ratings in the order of the users of the teams; null: the user is new
 */
export function ratingsAfter({ teams }: Pick<RatedGame, 'teams'>, before: readonly (Rating | null)[]): Rating[] {
  let next = 0;
  const rated = teams.map(({ users }) => users.map(() => ({ ...(before[next++] ?? RATING_DEFAULT) })));
  // The ranks begin at 1, because openskill treats a rank of 0 as a missing rank.
  return rate(rated, { ...MODEL, rank: teams.map(({ place }) => place + 1) }).flat();
}
