import type { RoomId } from '#libs/protocol';

/** The load of a server, from its own report. */
export interface ServerFacts {
  readonly rooms: number;
  readonly players: number;
  readonly capacity: number;
}

/** The facts about a requested room from which a strategy computes the weight of the room. */
export interface RoomWish {
  readonly room: RoomId;
  readonly game: string;
  readonly players?: number;
}

/**
 * Port: the rule that orders the eligible servers. A strategy gives each server a whole number as its score, and says whether the lowest or
 * the highest score gets the next room. Reservations and withheld servers do not depend on the strategy. So a bad strategy only makes the
 * fleet inefficient, and never gives one slot to two rooms.
 *
 * To use another strategy, mark a provider with `@Extension(PlacementStrategy)`, the same on every server. See `docs/extending.md`.
 */
export abstract class PlacementStrategy {
  /** `lowest`: the server with the lowest score gets the next room. `highest`: the server with the highest score gets the next room. */
  abstract readonly takes: 'lowest' | 'highest';

  /**
   * Returns the score of a server from its last report. The result is rounded to a whole number, because only sums of whole numbers are
   * exact.
   */
  abstract score(facts: ServerFacts): number;

  /**
   * Returns the amount that a room adds to the score of its server until the next report: a whole number from 0, in the unit of `score`.
   */
  weight(_wish: RoomWish): number {
    return 1;
  }
}

/** Distributes rooms evenly over the servers. */
export class LeastGames extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ rooms }: ServerFacts): number {
    return rooms;
  }
}

/** Distributes players evenly over the servers. Use it when games have different numbers of players. */
export class LeastPlayers extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ players }: ServerFacts): number {
    return players;
  }

  override weight({ players = 1 }: RoomWish): number {
    return players;
  }
}

/** Places each room on the fullest server that has capacity, so that the emptiest server can be removed from the fleet. */
export class Packed extends PlacementStrategy {
  readonly takes = 'highest';

  score({ rooms }: ServerFacts): number {
    return rooms;
  }
}

/** Chooses a random server that has capacity, because all scores are equal. */
export class RandomChoice extends PlacementStrategy {
  readonly takes = 'lowest';

  score(): number {
    return 0;
  }

  override weight(): number {
    return 0;
  }
}

export const STRATEGIES = {
  'least-games': LeastGames,
  'least-players': LeastPlayers,
  packed: Packed,
  random: RandomChoice,
} as const;

export type StrategyName = keyof typeof STRATEGIES;
export const STRATEGY_NAMES = Object.keys(STRATEGIES) as StrategyName[];
export const STRATEGY_DEFAULT: StrategyName = 'least-games';

/** Limit of a score. It is larger than any useful score, and a sum of thousands of such scores is still exact. */
const NUMBER_MAX = 1e12;

/**
 * Rounds a score or weight, because Redis adds and subtracts these numbers, and only sums of whole numbers are exact. NaN and infinity
 * become 0, because Redis would refuse the report otherwise.
 */
export function wholeNumber(value: number): number {
  return Number.isFinite(value) ? Math.round(Math.min(NUMBER_MAX, Math.max(-NUMBER_MAX, value))) : 0;
}
