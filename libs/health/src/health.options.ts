export interface CheckOptions {
  /** Time between two checks of a server, in ms. A hang is found within three intervals. */
  readonly intervalMs: number;
  /** Missed checks in a row before a verdict. It is more than one, so that a single lost message condemns no server. */
  readonly maxMisses: number;
  /** Time after the registration of a server in which its misses do not count, in ms. A process that starts may be too busy to answer. */
  readonly graceMs: number;
  /** Minimum silence of a server before it is condemned, in ms, when many servers are silent at the same time. */
  readonly holdMs: number;
  /** True: this gateway only judges and reports, and evicts no server. */
  readonly dryRun: boolean;
}

export const CHECK_DEFAULTS: CheckOptions = { intervalMs: 1_000, maxMisses: 2, graceMs: 3_000, holdMs: 10_000, dryRun: false };

export const CHECK_OPTIONS = Symbol('CheckOptions');

/** Period of the checker, in ms. All periods below are rounded up to it. */
export const TICK_MS = 50;
/** Time in ms between two checks of a server after its link was lost. Applies until the server answers or is evicted. */
export const URGENT_CHECK_MS = 250;
/**
 * Time limit of a dial, in intervals. A missed check and a dial together take less than three intervals, within which a hang must be found.
 */
export const DIAL_INTERVALS = 0.75;
/** Age, in intervals, up to which the result of a dial counts for a later request for a vote. */
export const PREPARED_INTERVALS = 1.5;
/**
 * Time after which a gateway votes again for an open verdict, in ms. A verdict is open while votes are missing or Redis does not answer.
 */
export const VERDICT_RETRY_MS = 250;
/** Maximum number of servers that are checked in one pipeline. A larger pipeline would delay the other commands of this process. */
export const BATCH_MAX = 500;
/** After a failure, Redis must answer this many times in a row before missed checks count again. */
export const CLEAN_ROUNDS = 2;
/** Time within which the deaths of several servers may have one cause, in intervals. */
export const MANY_WINDOW_INTERVALS = 3;
/**
 * Longest silence that a reported event-loop lag excuses, in intervals. A server with a huge reported lag would otherwise never be evicted.
 */
export const PATIENCE_INTERVALS_MAX = 5;
/** Lifetime of a vote, in ms. An older vote does not count, so that votes about two different failures are not added up. */
export const VOTE_MS = 5_000;
/**
 * Time to live of the record of a dead server, in ms. From the record, a server that was suspended learns that it was evicted, and
 * operators learn the reason.
 */
export const DEAD_RECORD_MS = 3_600_000;
/**
 * Duration of the lease on the cleanup of a dead server, in ms. The holder renews the lease after a third of this time. When the lease
 * expires, another gateway takes over.
 */
export const CLEANUP_LEASE_MS = 10_000;
/**
 * Time in ms after which a gateway checks the cleanup of a server that another gateway evicted. It checks once whether the other gateway
 * has given up the cleanup.
 */
export const LEFT_CHECK_MS = 300;
/** A server without a link is unreachable after this number of intervals, but not before the minimum in ms. */
export const UNREACHABLE_INTERVALS = 2;
export const UNREACHABLE_MS_MIN = 1_500;
/** Period of the reports about an unreachable server, in ms. A report is valid for three periods. */
export const REPORT_MS = 250;
export const REPORT_LIFETIME_MS = 3 * REPORT_MS;
/** Time after which a gateway without a majority regards itself as cut off and sends its players to other gateways, in ms. */
export const CUT_OFF_MS = 750;
/**
 * Time since its last write after which an owner counts as having lost Redis, in ms. Owners write once a second, and a reconnect takes less
 * than this time.
 */
export const STORE_LOST_MS = 3_000;
