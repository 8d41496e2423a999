/** The delays before attempts to reconnect, in ms. */
export interface ReconnectOptions {
  /**
   * The first delay. It is short, so that players reconnect quickly after the loss of a gateway. The delay doubles with each round through
   * all gateways.
   */
  readonly firstMs: number;
  readonly maxMs: number;
  /**
   * Time in ms of unsuccessful attempts after which the client ends the session with `unavailable`. Default: the time for which the server
   * keeps a session without a connection.
   */
  readonly giveUpMs?: number;
}

export const RECONNECT_DEFAULTS: ReconnectOptions = { firstMs: 100, maxMs: 5_000 };
/** Default of `giveUpMs`, in ms, with a server that does not report how long it keeps a session. */
export const GIVE_UP_MS_DEFAULT = 120_000;

/**
 * Returns the delay before attempt number `attempt`, counted from 0, in ms. The delay is a random value between half and all of an
 * exponentially growing duration. So the players of a lost gateway do not reconnect at the same moment. Source: "Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015 ("equal jitter").
 */
export function retryDelayMs(attempt: number, gateways: number, options: ReconnectOptions, random: () => number): number {
  const round = Math.floor(attempt / gateways);
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(round, 30));
  return Math.round(ceiling * (0.5 + random() / 2));
}
