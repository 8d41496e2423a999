/** Options of the game on this server. They are injected, so that a fleet can offer shorter or longer rounds. */
export abstract class ArenaOptions {
  /** Length of a round, in seconds. */
  abstract readonly roundSeconds: number;
  /** Minimum number of ships in a room. Bots fly the ships that have no player. */
  abstract readonly shipsMin: number;
}

export const ARENA_DEFAULTS: ArenaOptions = { roundSeconds: 180, shipsMin: 5 };
