import type { ServerRecord } from '#libs/fleet';

/**
 * The reason why a server was evicted. `refused`: its link port refuses connections. `silent`: it answers neither checks nor a dial.
 * `unreachable`: it answers checks, but a majority of the gateways cannot reach it by link. `store-lost`: it answers on its link, but its
 * last write to Redis is too old. `left`: it left the fleet by itself. `operator`: an operator evicted it.
 */
export const EVICTION_REASONS = ['refused', 'silent', 'unreachable', 'store-lost', 'left', 'operator'] as const;
/** The reason why a server was removed from the fleet: one of `EVICTION_REASONS`. */
export type EvictionReason = (typeof EVICTION_REASONS)[number];

export interface FactsOfServer {
  readonly rooms: number;
  readonly players: number;
  /** Maximum number of rooms of the server. */
  readonly capacity: number;
}

/**
 * Port: reports the current load of this server. The responder calls it at each answer to a check, so it must be fast. At most one provider
 * may implement this port. Without a provider, the server reports no load.
 */
export abstract class HealthFacts {
  abstract facts(): FactsOfServer;
}

/** Port: receives the load of this server after each stored answer to a check. Placement corrects its counts with this load. */
export abstract class HealthAnswerListener {
  abstract answered(facts: FactsOfServer & { readonly lagMs: number }): void | Promise<void>;
}

export interface Eligibility {
  /** Number of successive missed checks. */
  readonly suspect: number;
  /** True: the server answers on its link but not through Redis. */
  readonly unheard: boolean;
}

/**
 * Port: receives each server that becomes suspect or unheard, or recovers. It runs only in the process of the checker. Other processes find
 * the change in the directory.
 */
export abstract class EligibilityListener {
  abstract changed(server: ServerRecord, eligibility: Eligibility): void | Promise<void>;
}

/**
 * Port: one task of the cleanup of a dead server. It runs in the process whose vote completed the eviction. If this process dies or the
 * listener rejects, the listener runs again, in the same or another process. So the listener must be idempotent.
 */
export abstract class ServerEndListener {
  /** Called after a server has ended: this incarnation cannot act any more. @param reason why it was removed from the fleet */
  abstract ended(server: ServerRecord, reason: EvictionReason): Promise<void>;
}

/**
 * Port: reads the time since the last write of a server from Redis, without a link to the server. At most one provider may implement this
 * port. Without a provider, no server is evicted as `store-lost`.
 */
export abstract class StoreContact {
  /**
   * Returns the time since the server's last write, in ms. Null: the time is unknown, for example for a server without rooms. Rejects when
   * Redis does not answer.
   */
  abstract silentMs(server: ServerRecord): Promise<number | null>;
}
