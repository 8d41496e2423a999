/** When to try again after a connection is lost. All times in ms. */
export interface ReconnectOptions {
  /** The first pause; each round through all gateways doubles it. Short: the death of a gateway should cost little. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** After this long without a connection the session is given up (`unavailable`): the server has forgotten it, too. */
  readonly giveUpMs: number;
}

export const RECONNECT_DEFAULTS: ReconnectOptions = { firstMs: 100, maxMs: 5_000, giveUpMs: 120_000 };

/**
 * The pause before the try number `attempt` (from 0): half to whole of an exponentially growing time, so that the
 * players of a lost gateway do not all come at once.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").
 */
export function retryDelayMs(attempt: number, gateways: number, options: ReconnectOptions, random: () => number): number {
  const round = Math.floor(attempt / gateways);
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(round, 30));
  return Math.round(ceiling * (0.5 + random() / 2));
}
