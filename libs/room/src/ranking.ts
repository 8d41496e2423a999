import type { RankedResult, UserId } from '#libs/protocol';
import { quoted } from './game-mistake.js';
import type { RoomValue } from './room-value.js';

/**
 * Returns the flaw of the ranking in a result. Null: the ranking is valid, or there is none. A field `ranking` with a list of objects is
 * not a ranking, because games may have a field of this name for their own data.
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

/**
 * The name of the effect that a game with ratings (`match: { rating }`) requests when it ends with a ranking. Its data is a `RatedGame`.
 */
export const RATING_EFFECT = '$rating';

/** The result of a game for ratings: its teams, the best place first. Teams that share a place have equal numbers in `place`. */
export interface RatedGame {
  readonly game: string;
  /** The id of this game among all games: the room and the round. The id stays the same when a server handles the end of the game again. */
  readonly id: string;
  readonly teams: readonly { readonly users: readonly UserId[]; readonly place: number }[];
  /** The mode whose ratings change. Absent: the ratings of the game as a whole change. */
  readonly mode?: string;
}

/**
 * Returns the teams of a ranking. A seat without a team is a team of one. The place of a team is the place of its best seat. Seats that the
 * ranking does not list share the last place. Bots have no rating. Null: there is no ranking, or fewer than two teams.
 *
 * @param isPerMode whether each mode of the game has ratings of its own
 */
export function ratedGameOf({ room, round = 0, game, mode, seats, ended }: RoomValue, isPerMode = false): RatedGame | null {
  const ranked = ended?.reason === 'finished' ? rankedResultOf(ended.result) : null;
  if (!ranked) return null;
  const teams = new Map<string, { users: UserId[]; place: number }>();
  for (const [seat, { user, team, bot }] of seats.entries()) {
    if (bot) continue;
    const found = ranked.ranking.findIndex((place) => place.includes(seat));
    const place = found === -1 ? ranked.ranking.length : found;
    const key = team === undefined ? `seat ${seat}` : `team ${team}`;
    const known = teams.get(key);
    if (known) {
      known.users.push(user);
      known.place = Math.min(known.place, place);
    } else teams.set(key, { users: [user], place });
  }
  const sorted = [...teams.values()].sort((a, b) => a.place - b.place);
  if (sorted.length < 2) return null;
  return { game, id: `${room}:${round}`, teams: sorted, ...(isPerMode && mode !== undefined && { mode }) };
}
