import type { RoomId } from '#libs/protocol';

/** What a server says of itself. */
export interface ServerFacts {
  readonly rooms: number;
  readonly players: number;
  readonly capacity: number;
}

/** The part of a wish that may weigh: how many players will come with the room. */
export interface RoomWish {
  readonly room: RoomId;
  readonly game: string;
  readonly players?: number;
}

/**
 * How a server is chosen. The strategy only puts servers in an order: a whole number for each, and which end of the
 * order is taken. Choosing and reserving in one step, ties at random, leases and withheld servers stay as they are,
 * so a strategy can be unwise but never give one slot away twice.
 *
 * One of your own, in one line: `PlacementModule.forRoot({ strategy: LeastWork })`, the same on every server;
 * `docs/placement.md` has it.
 */
export abstract class PlacementStrategy {
  /** Which end of the order gets the next room. */
  abstract readonly takes: 'lowest' | 'highest';

  /** A server's place in the order by the facts of its last report. Rounded to a whole number, so that sums stay exact. */
  abstract score(facts: ServerFacts): number;

  /** What a room adds to the score of the server it is given to, until that server reports again: a whole number, at least 0, in the unit of `score`. */
  weight(_wish: RoomWish): number {
    return 1;
  }
}

/** Every server the same number of rooms. */
export class LeastGames extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ rooms }: ServerFacts): number {
    return rooms;
  }
}

/** Every server the same number of players, where games differ in size. */
export class LeastPlayers extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ players }: ServerFacts): number {
    return players;
  }

  override weight({ players = 1 }: RoomWish): number {
    return players;
  }
}

/** The fullest that has room, so that the emptiest may be scaled in. */
export class Packed extends PlacementStrategy {
  readonly takes = 'highest';

  score({ rooms }: ServerFacts): number {
    return rooms;
  }
}

/** Any that has room: all are equal, and ties are drawn by lot. */
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

/** Higher than any that means something; thousands of them can still be counted to the last one. */
const NUMBER_MAX = 1e12;

/** Scores are summed and taken back in Redis: whole numbers leave no crumbs. What is no number at all is 0, not an error in every report. */
export function wholeNumber(value: number): number {
  return Number.isFinite(value) ? Math.round(Math.min(NUMBER_MAX, Math.max(-NUMBER_MAX, value))) : 0;
}
