/** Limits of one run of game code. Times are in ms. */
export interface WatchdogOptions {
  /** CPU time of a run after which the run is reported with its stack. */
  readonly slowMs: number;
  /** CPU time of a run after which the run is interrupted. */
  readonly limitMs: number;
  /** Growth of the process's resident memory during a run after which the run is interrupted, in MB. */
  readonly memoryMb: number;
}

export const WATCHDOG_DEFAULTS: WatchdogOptions = { slowMs: 200, limitMs: 500, memoryMb: 256 };

/** Interval between two samples of the main thread, in ms. Sampling costs about 0.1 % of a core. */
export const POLL_MS = 50;
/**
 * Interval at which the watchdog samples the number of the current run, in ms, and the number of consecutive samples with the same run
 * after which the run is marked. The interval is short, because some calls end the process within a tenth of a second. Sampling takes less
 * than 0.1 % of a core.
 */
export const MARK_POLL_MS = 10;
export const MARK_AFTER_SAMPLES = 3;
/**
 * CPU time that a run must have used since its first sample before it is marked, in ms. A run that only waits for a processor uses no CPU
 * time.
 */
export const MARK_CPU_MS = 10;
/** Interval at which the main thread signals that its event loop turns, in ms. */
export const BEAT_MS = 100;
/** Time after which an interrupt without effect is repeated, in ms. */
export const INTERRUPT_AGAIN_MS = 250;
/** Time from the first interrupt of a run until the process ends, if the run continues, in ms. */
export const KILL_AFTER_MS = 1_000;
/**
 * Limit for elapsed time, as a multiple of the limit for CPU time. It applies where the CPU time is not known (not Linux), and to a thread
 * that waits instead of computing.
 */
export const WAIT_FACTOR = 2;
/** Time for which the event loop is blocked before the watchdog reads the stack of the main thread, in ms. */
export const LOOP_SLOW_MS = 750;
/**
 * CPU time after which the process ends while the event loop is blocked, in ms. The first limit applies when game code is known to block
 * the loop, and the second limit in every other case.
 */
export const LOOP_LIMIT_MS = 2_000;
export const LOOP_LIMIT_UNKNOWN_MS = 30_000;
