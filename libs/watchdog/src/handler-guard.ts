/** The room or effect whose code runs. This is plain data, because it is sent to the watchdog's thread. */
export interface Subject {
  readonly game: string;
  readonly room: string;
  /** Fencing token of the room's owner. Absent during the setup of the room. */
  readonly epoch?: number;
  /** The id of the room's start, during its setup. */
  readonly start?: string;
  /** Key of the effect, when an effect handler runs. */
  readonly effect?: string;
}

/** Runs the code of one subject. */
export interface RunSubject {
  readonly subject: Subject;
  /**
   * Runs `work`. It must be synchronous, and may be stopped in the middle or run again, so it must write only to private data.
   * Throws what `work` throws, or `OverrunError`.
   *
   * @param label from `HandlerGuard.label`
   * @param seat the seat whose command runs, or -1
   */
  run<T>(label: number, seat: number, seq: number, work: () => T): T;
  /**
   * Like `run`, for work with effects outside of the server, which must not run twice. So an interrupt meant for an earlier run also ends
   * this run with an `OverrunError`.
   */
  runOnce<T>(label: number, work: () => T): T;
  /** Replaces the facts of the subject. */
  update(subject: Subject): void;
  /** Tells the guard that no code of this subject runs any more. */
  dispose(): void;
}

/** One of several runs in one call. */
export interface QueuedRun {
  /** The subject whose code runs. Null: the watchdog does not watch the run. */
  readonly subject: RunSubject | null;
  readonly label: number;
  readonly seat: number;
  readonly seq: number;
  /** Runs the code. It is synchronous, may be stopped in the middle or run again, and never throws. */
  work(): void;
  /** Receives an `OverrunError` when the work was interrupted. */
  stopped(error: unknown): void;
}

/** Runs code of games that may never return. This is a port of `libs/room-host`; `Watchdog` implements it. */
export abstract class HandlerGuard {
  abstract subject(subject: Subject): RunSubject;
  /** Returns the number for a name, such as `command place`. Call it once per name, because names are never deleted. */
  abstract label(name: string): number;
  /**
   * Runs all of `runs` in order, each with its own limits. One call is cheaper than a call of `RunSubject.run` for each. Stops after an
   * interrupted run. Returns the index of the first run that was not done.
   */
  abstract runAll(runs: readonly QueuedRun[]): number;
  /** True while a run is in progress. */
  abstract readonly isRunning: boolean;
  /**
   * The subject whose code runs now: in a run, or in a timer, promise or socket that a run created. Undefined: no code of a game.
   */
  abstract readonly current: Subject | undefined;
}

/** Runs everything without limits: for tests, and when the watchdog is switched off. */
export const DIRECT_GUARD: HandlerGuard = {
  subject: (subject) => ({
    subject,
    run: (_label, _seat, _seq, work) => work(),
    runOnce: (_label, work) => work(),
    update: () => {},
    dispose: () => {},
  }),
  label: () => 0,
  runAll: (runs) => {
    for (const run of runs) run.work();
    return runs.length;
  },
  isRunning: false,
  current: undefined,
};
