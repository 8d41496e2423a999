export const RECOVERY_OPTIONS = Symbol('RecoveryOptions');

export interface RecoveryOptions {
  /** Rooms of one lost server that are revived side by side. */
  readonly roomsAtOnce: number;
  /** How long a room waits, paused, for a server that can take it, in ms; then it is given up. */
  readonly orphanTtlMs: number;
}

/** A room for which there was no server is tried again after this, in ms: capacity comes with servers and ended games. */
export const NO_CAPACITY_RETRY_MS = 250;
/** An adoption asks the store to fence, read and answer; a server that takes longer is busy or gone. */
export const ADOPT_TIMEOUT_MS = 10_000;
/** Batches on their way side by side: while one is being adopted the next is being placed. */
export const BATCHES_AT_ONCE = 4;
/** One recoverer at a time works on one lost incarnation; its claim lapses after this, in ms, should it die. */
export const CLAIM_MS = 5_000;
/** Rooms whose owner is unknown to the fleet are looked for this often, in ms. */
export const ORPHAN_SWEEP_MS = 3_000;
export const ORPHAN_SWEEP_ROOMS = 500;
