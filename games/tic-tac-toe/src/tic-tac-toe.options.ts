/** How the game is set up on this server; injected, so that a fleet may play faster or slower. */
export abstract class TicTacToeOptions {
  /** How long a player may think, in ms; then the turn passes. */
  abstract readonly turnMs: number;
}

/** Long enough for a beginner; two absent players end a game after a minute. */
export const TIC_TAC_TOE_DEFAULTS: TicTacToeOptions = { turnMs: 30_000 };
