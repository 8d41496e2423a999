import type { MatchRules, MatchWindow } from '#libs/protocol';
import type { MatchPlayer, Rating } from './ticket.js';

/** The rating of a player who has not played yet, in points. */
export const RATING_DEFAULT: Rating = { mu: 1_500, sigma: 500 };

/**
 * Fraction (0 to 1) of a player's uncertainty that is added to the window of ratings. A new player has an uncertainty of 500 points and so
 * meets a wider range of players.
 */
const UNCERTAINTY_SHARE = 0.25;

/** Returns the limit of the rating window after this waiting time, without the uncertainty of the player. */
export function limitAfter({ from, to, overMs }: MatchWindow, waitedMs: number): number {
  if (waitedMs >= overMs) return to;
  return from + ((to - from) * Math.max(0, waitedMs)) / overMs;
}

/** Returns whether a ticket or room has waited for `maxWaitMs`. It then accepts any difference of ratings. */
export function isOverdue({ maxWaitMs }: MatchRules, waitedMs: number): boolean {
  return waitedMs >= maxWaitMs;
}

/** Returns the largest difference of ratings that a ticket or room accepts, in points. Infinity: it accepts any difference. */
export function ratingLimit(rules: MatchRules, sigma: number, waitedMs: number): number {
  if (!rules.skill || isOverdue(rules, waitedMs)) return Number.POSITIVE_INFINITY;
  return limitAfter(rules.skill, waitedMs) + UNCERTAINTY_SHARE * sigma;
}

/** Returns the common rating of several players: the mean of their ratings, and the mean of their uncertainties. */
export function ratingOf(players: readonly MatchPlayer[]): Rating {
  if (players.length === 1) return players[0]!.rating ?? RATING_DEFAULT;
  if (players.length === 0) return RATING_DEFAULT;
  let mu = 0;
  let sigma = 0;
  for (const { rating = RATING_DEFAULT } of players) {
    mu += rating.mu;
    sigma += rating.sigma;
  }
  return { mu: mu / players.length, sigma: sigma / players.length };
}
