/** How the game is set up on this server; injected, so that a fleet may offer blitz or longer games. */
export abstract class ChessOptions {
  /** Each player's time for the whole game, in ms. */
  abstract readonly mainMs: number;
  /** What each move adds to its player's time, in ms. */
  abstract readonly incrementMs: number;
}

/** Ten minutes and five seconds a move: a rapid game, over within the hour. */
export const CHESS_DEFAULTS: ChessOptions = { mainMs: 600_000, incrementMs: 5_000 };
