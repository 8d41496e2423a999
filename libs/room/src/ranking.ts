import type { RankedResult } from '#libs/protocol';
import { quoted } from './game-mistake.js';

/**
 * Returns what is wrong with the ranking of a result. Null: it is a `RankedResult`, or the result has no ranking. A list of objects is not
 * a ranking, because games may use that name for a form of their own.
 */
export function rankingFlaw(result: unknown, seats: number): string | null {
  if (!isObject(result) || !Array.isArray(result.ranking)) return null;
  const { ranking, scores } = result as { ranking: unknown[]; scores?: unknown };
  if (!ranking.some(Array.isArray)) return null;
  const seen = new Set<unknown>();
  for (const place of ranking) {
    if (!Array.isArray(place)) return `has ${quoted(place)} as a place: give a list of seats`;
    if (place.length === 0) return 'has an empty place: give a list of one or more seats';
    for (const seat of place) {
      if (!Number.isInteger(seat) || seat < 0 || seat >= seats) return `has seat ${quoted(seat)}: this room has seats 0 to ${seats - 1}`;
      if (seen.has(seat)) return `has seat ${seat} twice`;
      seen.add(seat);
    }
  }
  if (scores === undefined) return null;
  if (!Array.isArray(scores)) return `has ${quoted(scores)} as scores: give a list of numbers`;
  if (scores.length !== seats) return `has ${scores.length} scores: give one number for each of ${seats} seats`;
  const flawed = scores.find((score) => typeof score !== 'number');
  return flawed === undefined ? null : `has the score ${quoted(flawed)}: give numbers`;
}

/** Returns the ranking of a result. Null: it has none. */
export function rankedResultOf(result: unknown): RankedResult | null {
  if (!isObject(result) || !Array.isArray(result.ranking) || !result.ranking.every(Array.isArray)) return null;
  return result as unknown as RankedResult;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
