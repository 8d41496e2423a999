/** How to reach the one shared store. */
export interface RedisOptions {
  /** `redis://`, `rediss://`, a comma-separated list for Redis Cluster, or `sentinel://host:port,…/name`. */
  readonly url: string;
  /** A reply that takes longer counts as lost, in ms: the outcome is then unknown. */
  readonly commandTimeoutMs?: number;
}

export const COMMAND_TIMEOUT_MS_DEFAULT = 2_000;
/** A fixed short pause: a store that is back should be noticed at once, and loopback connects cost nothing. */
export const RECONNECT_MS = 50;
