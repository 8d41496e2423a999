/** How to reach the one shared store. */
export interface RedisOptions {
  /** `redis://`, `rediss://`, a comma-separated list for Redis Cluster, or `sentinel://host:port,…/name`. */
  readonly url: string;
  /** A reply that takes longer counts as lost, in ms: the outcome is then unknown. */
  readonly commandTimeoutMs?: number;
  /** Replicas that must have a write before it counts (`DURABILITY_REPLICAS`); 0 by default. */
  readonly replicas?: number;
  /** How long one wait for them may take, in ms. */
  readonly replicasTimeoutMs?: number;
}

export const COMMAND_TIMEOUT_MS_DEFAULT = 2_000;
/** A fixed short pause: a store that is back should be noticed at once, and loopback connects cost nothing. */
export const RECONNECT_MS = 50;
export const LOADING_RETRY_MS = 250;
export const READONLY_RECONNECT_MS = 1_000;
