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

/** An overrun: a run that takes too long, or game code that blocks the event loop. */
export interface OverrunReport extends RunFacts {
  /** Time for which the run has lasted or the event loop has been blocked, in ms. */
  readonly ms: number;
  readonly grownMb: number;
  /** The main thread's stack, innermost call first. Null: the stack could not be read. */
  readonly stack: readonly string[] | null;
}

/**
 * Reports overruns on the watchdog's own thread, because the main thread is possibly blocked forever. No method may reject or wait for
 * long. The module at `WatchdogReporterModule.url` exports `createReporter(data)`, which creates the reporter.
 */
export interface WatchdogReporter {
  /**
   * Marks a run that takes longer than most runs. Sets the mark early and writes no log line, because the process perhaps ends soon.
   * Resolves when the mark is stored outside of this process.
   */
  suspect(facts: RunFacts): Promise<void>;
  /** Logs a run that passed `slowMs` or its limit of memory. Called as soon as the stack of the run is known. */
  slow(report: OverrunReport): void;
  /** Clears the mark that `suspect` set, because the run has ended, by itself or by an interrupt. */
  ended(facts: RunFacts): Promise<void>;
  /** Reports a run that could not be interrupted, before the process is killed. Resolves when the report is written. */
  killing(report: OverrunReport): Promise<void>;
}
