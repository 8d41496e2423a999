export const RECOVERY_OPTIONS = Symbol('RecoveryOptions');

export interface RecoveryOptions {
  /** Maximum number of rooms in one batch of a recovery. For each batch, each chosen server gets one request to adopt. */
  readonly roomsAtOnce: number;
  /** Longest time for which a paused room waits for a server that can adopt it, in ms. After this time the game of the room ends. */
  readonly orphanTtlMs: number;
}

/** Time after which a recovery repeats the placement of rooms that no server could adopt, in ms. */
export const NO_CAPACITY_RETRY_MS = 250;
/**
 * Time limit of a request to adopt rooms, in ms. A server that does not answer within this time is treated as if it had refused the rooms.
 */
export const ADOPT_TIMEOUT_MS = 10_000;
/** Number of batches that are recovered concurrently: one batch is placed while servers adopt another batch. */
export const BATCHES_AT_ONCE = 4;
/**
 * Duration of the lease on the recovery of one lost incarnation, in ms. The holder renews the lease after a third of this time. When the
 * lease expires, another process may recover the rooms.
 */
export const CLAIM_MS = 5_000;
/** Time between two sweeps of `OrphanSweeper`, in ms. */
export const ORPHAN_SWEEP_MS = 3_000;
/** Number of rooms that one sweep reads. The next sweep continues where this one ended. */
export const ORPHAN_SWEEP_ROOMS = 500;
