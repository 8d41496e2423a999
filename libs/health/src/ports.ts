import type { ServerRecord } from '#libs/fleet';

/**
 * `refused`: nobody listens at its address. `silent`: no word from it on any way. `unreachable`: the store hears it, and a majority
 * of the gateways cannot reach it by link. `store-lost`: it answers on its link, and has written nothing to the store for too long.
 * `left`: went by itself. `operator`: told to go.
 */
export const EVICTION_REASONS = ['refused', 'silent', 'unreachable', 'store-lost', 'left', 'operator'] as const;
export type EvictionReason = (typeof EVICTION_REASONS)[number];

export interface FactsOfServer {
  readonly rooms: number;
  readonly players: number;
  /** Rooms it would take in all. */
  readonly capacity: number;
}

/** What this server has, now: all of it, not what changed. Called at each health answer; must be cheap. */
export abstract class ServerFacts {
  abstract facts(): FactsOfServer;
}

/** Told after each answer that the store took, so that whoever keeps counts of this server can correct them. */
export abstract class HealthAnswerListener {
  abstract answered(facts: FactsOfServer & { readonly lagMs: number }): void | Promise<void>;
}

export interface Eligibility {
  /** Checks missed in a row. */
  readonly suspect: number;
  /** It lives, but does not answer through the store. */
  readonly unheard: boolean;
}

/** Told by the server's checker when a server becomes suspect or unheard, or is neither any more. Other processes see it in the directory. */
export abstract class EligibilityListener {
  abstract changed(server: ServerRecord, eligibility: Eligibility): void | Promise<void>;
}

/**
 * The work a server's end makes, one class for each kind of work. Called in the one process whose eviction succeeded;
 * should that process die, or the listener reject, it is called again, there or elsewhere: it must be idempotent.
 */
export abstract class ServerEndListener {
  abstract ended(server: ServerRecord, reason: EvictionReason): Promise<void>;
}

/** How long ago a server last wrote to the store, by the store's own time: evidence that needs no link to the server. */
export abstract class StoreContact {
  /** In ms; null where nothing is known, as of a server that owns nothing. Rejects when the store is away. */
  abstract silentMs(server: ServerRecord): Promise<number | null>;
}
