import type { ServerRecord } from '#libs/fleet';

/**
 * The reason why a server was evicted. `refused`: its link port refuses connections. `silent`: it answers neither checks nor a dial.
 * `unreachable`: it answers checks, and a majority of the gateways cannot reach it by link. `store-lost`: it answers on its link, and has
 * written nothing to Redis for too long. `left`: it left the fleet by itself. `operator`: an operator evicted it.
 */
export const EVICTION_REASONS = ['refused', 'silent', 'unreachable', 'store-lost', 'left', 'operator'] as const;
/** Why a server was removed from the fleet: one of `EVICTION_REASONS`. */
export type EvictionReason = (typeof EVICTION_REASONS)[number];

export interface FactsOfServer {
  readonly rooms: number;
  readonly players: number;
  /** Maximum number of rooms that the server takes. */
  readonly capacity: number;
}

/**
 * Reports the current load of this server. It runs at each answer to a check, so it must be fast. At most one provider implements it.
 * Without one, the server reports no load.
 */
export abstract class HealthFacts {
  abstract facts(): FactsOfServer;
}

/** Receives the load of this server after each stored answer to a check. Placement corrects its counts with it. */
export abstract class HealthAnswerListener {
  abstract answered(facts: FactsOfServer & { readonly lagMs: number }): void | Promise<void>;
}

export interface Eligibility {
  /** Number of checks missed in a row. */
  readonly suspect: number;
  /** True: the server answers on its link, and not through Redis. */
  readonly unheard: boolean;
}

/**
 * Reacts, in the process of the checker, when a server becomes suspect or unheard, or recovers. Other processes read this in the directory.
 */
export abstract class EligibilityListener {
  abstract changed(server: ServerRecord, eligibility: Eligibility): void | Promise<void>;
}

/**
 * One kind of work in the cleanup of a dead server. It runs in the process whose vote completed the eviction. When that process dies or the
 * listener rejects, the listener is called again, in the same or another process. So the listener must be idempotent.
 */
export abstract class ServerEndListener {
  /** The server has ended, and cannot act any more. @param reason why it was removed from the fleet */
  abstract ended(server: ServerRecord, reason: EvictionReason): Promise<void>;
}

/**
 * Reads how long ago a server wrote to Redis, by the time of Redis. This needs no link to the server. At most one provider implements it.
 * Without a provider, no server is evicted as `store-lost`.
 */
export abstract class StoreContact {
  /**
   * Returns the time since the server's last write, in ms. Null: not known, for example for a server that owns no rooms. Rejects when Redis
   * does not answer.
   */
  abstract silentMs(server: ServerRecord): Promise<number | null>;
}
