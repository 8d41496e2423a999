import type { Subject } from './handler-guard.js';

/** The code that runs, as a mark in the room's record describes it. */
export interface RunFacts {
  /** The room or effect whose code runs. Absent: not known. */
  readonly subject?: Subject;
  /** The name of the handler: `command place`, `timer turn`, `step` and so on. `detached`: a timer or promise that a handler created. */
  readonly handler: string;
  readonly seat: number;
  readonly seq: number;
}

/** A run that takes too long, or game code that blocks the event loop. */
export interface OverrunReport extends RunFacts {
  /** Duration of the run so far, or of the blocking of the event loop, in ms. */
  readonly ms: number;
  readonly grownMb: number;
  /** The main thread's stack, innermost call first. Null when it could not be read. */
  readonly stack: readonly string[] | null;
}

/**
 * Handles overruns on the watchdog's own thread, because the main thread may be blocked forever. No method may reject or wait for long. The
 * module of `WatchdogReporterModule.url` exports `createReporter(data)`, which creates the reporter.
 */
export interface WatchdogReporter {
  /**
   * Reports a run that takes longer than most. It may be the last run of this process, so the report comes early and without a log line.
   * Resolves when the report is stored outside of this process.
   */
  suspect(facts: RunFacts): Promise<void>;
  /** Logs a run that passed `slowMs` or its limit of memory, once its stack is known. */
  slow(report: OverrunReport): void;
  /** Reports that a run which was passed to `suspect` has ended, by itself or by an interrupt. */
  ended(facts: RunFacts): Promise<void>;
  /** Reports a run that could not be interrupted, before the process is killed. Resolves when the report is written. */
  killing(report: OverrunReport): Promise<void>;
}
