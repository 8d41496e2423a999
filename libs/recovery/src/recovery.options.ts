export const RECOVERY_OPTIONS = Symbol('RecoveryOptions');

export interface RecoveryOptions {
  /** Rooms of one lost server that one request recovers. */
  readonly roomsAtOnce: number;
  /** Longest time for which a paused room waits for a server that can adopt it, in ms. Then its game ends. */
  readonly orphanTtlMs: number;
}

/** Time after which a room that no server could adopt is tried again, in ms. */
export const NO_CAPACITY_RETRY_MS = 250;
/** Time limit of a request to adopt rooms, in ms. */
export const ADOPT_TIMEOUT_MS = 10_000;
/** Batches that are recovered at the same time. While one is adopted, the next one is placed. */
export const BATCHES_AT_ONCE = 4;
/** Lease on the recovery of one lost incarnation, in ms. The holder renews it at a third. */
export const CLAIM_MS = 5_000;
/** Time between two searches for rooms without a living owner, in ms, and the rooms that one search reads. */
export const ORPHAN_SWEEP_MS = 3_000;
export const ORPHAN_SWEEP_ROOMS = 500;
