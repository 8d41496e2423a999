/** Limits of one run of game code. Times in ms. */
export interface WatchdogOptions {
  /** A run that takes longer is reported, with its stack. */
  readonly slowMs: number;
  /** CPU time of the main thread in one run after which the run is interrupted. */
  readonly limitMs: number;
  /** Growth of the process's resident memory in one run after which the run is interrupted, in MB. */
  readonly memoryMb: number;
}

export const WATCHDOG_DEFAULTS: WatchdogOptions = { slowMs: 200, limitMs: 500, memoryMb: 256 };

/** The watchdog looks at the main thread this often, in ms. It costs about 0.1 % of a core. */
export const POLL_MS = 50;
/** The main thread says this often that its event loop turns, in ms. */
export const BEAT_MS = 100;
/** An interrupt that had no effect is sent again after this, in ms. */
export const INTERRUPT_AGAIN_MS = 250;
/** A run that goes on for so long after the first interrupt cannot be interrupted: the process ends, in ms. */
export const KILL_AFTER_MS = 1_000;
/**
 * Without the thread's CPU time (not Linux), and for a thread that waits instead of computing, the time counts that the
 * watchdog saw pass: so many times the limit.
 */
export const WAIT_FACTOR = 2;
/** An event loop that does not turn is looked into after this, in ms. */
export const LOOP_SLOW_MS = 750;
/** CPU time after which an event loop that does not turn ends the process when game code blocks it, and in every other case. */
export const LOOP_LIMIT_MS = 2_000;
export const LOOP_LIMIT_UNKNOWN_MS = 30_000;
