import type { Subject } from './handler-guard.js';

/** A run that takes too long, or an event loop that game code blocks. */
export interface OverrunReport {
  /** Absent where nobody knows whose code it is. */
  readonly subject?: Subject;
  /** `command place`, `timer turn`, `tick` …; `detached` for what a handler left behind (a timer or promise of its own). */
  readonly handler: string;
  readonly seat: number;
  readonly seq: number;
  /** How long it has run, in ms. */
  readonly ms: number;
  readonly grownMb: number;
  /** The main thread's stack, innermost call first; null where it could not be had. */
  readonly stack: readonly string[] | null;
}

/**
 * What is to be done about overruns, on the watchdog's own thread: the main thread may be lost by then. Nothing of it may
 * reject or wait for long. A module that is given to `Watchdog.start` exports `createReporter(data)`, which makes one.
 */
export interface WatchdogReporter {
  /** A run passed `slowMs`, or its limit of memory. Resolves when others would know of it should this process be lost now. */
  suspect(report: Omit<OverrunReport, 'stack'>): Promise<void>;
  /** The same run, for the log, once its stack is known. */
  slow(report: OverrunReport): void;
  /** A suspected run ended, by itself or because it was interrupted. */
  ended(report: Omit<OverrunReport, 'stack'>): Promise<void>;
  /** The process is about to be killed: the run could not be interrupted. Resolves when that is written. */
  killing(report: OverrunReport): Promise<void>;
}
