export interface CheckOptions {
  /** Interval between two checks of a server, in ms. A hang is detected within three intervals. */
  readonly intervalMs: number;
  /** Number of successive missed checks before a verdict. It is above 1, so that one lost message does not condemn a server. */
  readonly maxMisses: number;
  /**
   * Time after the registration of a server, in ms. The checks that the server misses in this time do not count, because a starting process
   * can be too busy to answer.
   */
  readonly graceMs: number;
  /** Minimum time of silence before a server is condemned, in ms, while many servers are silent at the same time. */
  readonly holdMs: number;
  /** True: this gateway only judges and reports, and evicts no server. */
  readonly dryRun: boolean;
}

export const CHECK_DEFAULTS: CheckOptions = { intervalMs: 1_000, maxMisses: 2, graceMs: 3_000, holdMs: 10_000, dryRun: false };

export const CHECK_OPTIONS = Symbol('CheckOptions');

/** Period of the checker, in ms. All periods below are rounded up to a multiple of this period. */
export const TICK_MS = 50;
/** Time in ms between two checks of a server after its link was lost. Applies until the server answers or is evicted. */
export const URGENT_CHECK_MS = 250;
/** Time limit of a dial, as a multiple of `intervalMs`. A missed check and a dial must together take less than three intervals. */
export const DIAL_INTERVALS = 0.75;
/** Maximum age of the result of a dial that a vote may use, as a multiple of `intervalMs`. */
export const PREPARED_INTERVALS = 1.5;
/**
 * Interval in ms at which a gateway repeats the vote about an open verdict. A verdict is open while votes are missing or Redis does not
 * answer.
 */
export const VERDICT_RETRY_MS = 250;
/** Maximum number of servers that are checked in one pipeline. A larger pipeline would delay the other Redis commands of this process. */
export const BATCH_MAX = 500;
/** Number of successive answers of Redis after a failure before missed health checks count again. */
export const CLEAN_ROUNDS = 2;
/**
 * Maximum age of an eviction that counts as simultaneous with other failures, as a multiple of `intervalMs`. Simultaneous failures possibly
 * have one common cause.
 */
export const MANY_WINDOW_INTERVALS = 3;
/**
 * Maximum duration of a server's silence that its reported event-loop lag can explain, as a multiple of `intervalMs`. Without this limit, a
 * server with a huge reported lag would never be evicted.
 */
export const PATIENCE_INTERVALS_MAX = 5;
/** Lifetime of a vote, in ms. Older votes do not count, because they are possibly about an earlier failure. */
export const VOTE_MS = 5_000;
/**
 * Time to live of the record of a dead server, in ms. The record shows a suspended server that it was evicted, and shows operators the
 * reason.
 */
export const DEAD_RECORD_MS = 3_600_000;
/**
 * Duration of the lease on the cleanup of a dead server, in ms. The holder renews the lease after a third of this time. When the lease
 * expires, another gateway takes over.
 */
export const CLEANUP_LEASE_MS = 10_000;
/**
 * Time in ms after an eviction by another gateway, at which this gateway checks once whether that gateway has released the lease on the
 * cleanup.
 */
export const LEFT_CHECK_MS = 300;
/** Time without a link after which a server is unreachable, as a multiple of `intervalMs`. */
export const UNREACHABLE_INTERVALS = 2;
/** Minimum time without a link after which a server is unreachable, in ms. */
export const UNREACHABLE_MS_MIN = 1_500;
/** Interval between two reports about an unreachable server, in ms. A report is valid for three intervals. */
export const REPORT_MS = 250;
export const REPORT_LIFETIME_MS = 3 * REPORT_MS;
/** Time after which a gateway without a majority regards itself as cut off and sends its players to other gateways, in ms. */
export const CUT_OFF_MS = 750;
/**
 * An owner whose last write is at least this old, in ms, counts as cut off from Redis. Owners write once a second, and a reconnect takes
 * less than this time.
 */
export const STORE_LOST_MS = 3_000;
