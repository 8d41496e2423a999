/** Options of the game on this server. They are injected, so that a fleet can offer faster or slower games. */
export abstract class TicTacToeOptions {
  /** Thinking time per turn, in ms. When the time is over, it is the opponent's turn. */
  abstract readonly turnMs: number;
}

/**
 * The default options. The time is long enough for a beginner, and short enough that a game whose two players are away ends after a minute.
 */
export const TIC_TAC_TOE_DEFAULTS: TicTacToeOptions = { turnMs: 30_000 };
