/** Options of the game on this server. They are injected, so that a fleet can offer blitz or longer games. */
export abstract class ChessOptions {
  /** Each player's time for the whole game, in ms. */
  abstract readonly mainMs: number;
  /** Time that is added to a player's clock after each of the player's moves, in ms. */
  abstract readonly incrementMs: number;
}

/** Ten minutes plus five seconds per move. This is a rapid game, which ends within an hour. */
export const CHESS_DEFAULTS: ChessOptions = { mainMs: 600_000, incrementMs: 5_000 };
