/** Whose code runs, as it is reported: plain data, sent to the watchdog's thread. */
export interface Subject {
  readonly game: string;
  readonly room: string;
  /** Fencing token of the room's owner. Absent while the room is set up. */
  readonly epoch?: number;
  /** The start of the room under way, while it is set up. */
  readonly start?: string;
  /** Key of the effect, where an effect handler runs. */
  readonly effect?: string;
}

/** Runs the code of one subject. */
export interface RunSubject {
  readonly subject: Subject;
  /**
   * Runs `work`, which must be synchronous and free to be dropped half way or run again: it writes only to what nobody else
   * sees. Throws what `work` throws, or `OverrunError`.
   *
   * @param label from `HandlerGuard.label`
   * @param seat whose command it is; -1: nobody's
   */
  run<T>(label: number, seat: number, seq: number, work: () => T): T;
  /**
   * As `run`, for work that has effects outside and so is never run twice. An interrupt that was meant for a run before it
   * throws `OverrunError`, too.
   */
  runOnce<T>(label: number, work: () => T): T;
  /** The subject has other facts from now on. */
  update(subject: Subject): void;
  /** Nothing of it runs any more. */
  release(): void;
}

/** One of several runs that are made together. */
export interface QueuedRun {
  /** Null where nothing is watched. */
  readonly subject: RunSubject | null;
  readonly label: number;
  readonly seat: number;
  readonly seq: number;
  /** Synchronous, free to be dropped half way or run again, and never throws. */
  work(): void;
  /** The work was interrupted: `error` is an `OverrunError`. */
  stopped(error: unknown): void;
}

/** Runs code of games that may never return. Port of `libs/room-host`; `Watchdog` implements it. */
export abstract class HandlerGuard {
  abstract subject(subject: Subject): RunSubject;
  /** A number for a name of what runs, such as `command place`. Call it once a name: each is kept for good. */
  abstract label(name: string): number;
  /**
   * Does the work of all, one after the other, each with limits of its own: cheaper than as many calls of
   * `RunSubject.run`. Ends behind one that was interrupted. Gives the index of the first that was not done.
   */
  abstract runAll(runs: readonly QueuedRun[]): number;
  /** Within a run. */
  abstract readonly isRunning: boolean;
  /** Whose code runs now: in a run, or in a timer, promise or socket that one left behind. Undefined: no game's. */
  abstract readonly current: Subject | undefined;
}

/** Runs everything as it is: for tests, and where the watchdog is switched off. */
export const DIRECT_GUARD: HandlerGuard = {
  subject: (subject) => ({
    subject,
    run: (_label, _seat, _seq, work) => work(),
    runOnce: (_label, work) => work(),
    update: () => {},
    release: () => {},
  }),
  label: () => 0,
  runAll: (runs) => {
    for (const run of runs) run.work();
    return runs.length;
  },
  isRunning: false,
  current: undefined,
};
