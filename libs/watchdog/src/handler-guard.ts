/** The room or effect whose code runs, as plain data, because it is sent to the watchdog's thread. */
export interface Subject {
  readonly game: string;
  readonly room: string;
  /** Epoch of the room. Absent during the setup of the room. */
  readonly epoch?: number;
  /** Id of the game start, during the setup of the room. Absent after the setup. */
  readonly start?: string;
  /** Key of the effect. Absent: the code that runs is not an effect handler. */
  readonly effect?: string;
}

/** Runs the game code of one room or effect. */
export interface RunSubject {
  readonly subject: Subject;
  /**
   * Runs `work`, which must be synchronous. `work` can be interrupted or run a second time, so it must write only to data that no other
   * code uses. Throws the error of `work`, or `OverrunError`.
   *
   * @param label from `HandlerGuard.label`
   * @param seat the seat whose command runs, or -1
   */
  run<T>(label: number, seat: number, seq: number, work: () => T): T;
  /**
   * Like `run`, for work that must not run twice, because it has effects outside of the server. After an interrupt that was meant for an
   * earlier run, `run` repeats the work, but this method throws an `OverrunError`.
   */
  runOnce<T>(label: number, work: () => T): T;
  /** Replaces the data about the room or effect. */
  update(subject: Subject): void;
  /** Releases the data about the room or effect. Call it when no code of the room or effect runs any more. */
  dispose(): void;
}

/** One run of game code, as `runAll` receives it. */
export interface QueuedRun {
  /** The subject (a room or an effect) whose code runs. Null: the watchdog does not watch the run. */
  readonly subject: RunSubject | null;
  readonly label: number;
  readonly seat: number;
  readonly seq: number;
  /** Runs the game code. The method is synchronous and never throws. It can be interrupted or called a second time. */
  work(): void;
  /** Receives an `OverrunError` when the work was interrupted. */
  stopped(error: unknown): void;
}

/** Port of `libs/room-host`: runs code of games, which possibly never returns. `Watchdog` implements it. */
export abstract class HandlerGuard {
  abstract subject(subject: Subject): RunSubject;
  /**
   * Returns a new number for the name of a handler, such as `command place`. Call it only once for each name, because each call stores the
   * name forever.
   */
  abstract label(name: string): number;
  /**
   * Runs `runs` in order, each with its own limits, with less overhead than one call of `RunSubject.run` for each. Stops after an
   * interrupted run. Returns the index of the first run that did not start.
   */
  abstract runAll(runs: readonly QueuedRun[]): number;
  /** True while a run is in progress. */
  abstract readonly isRunning: boolean;
  /**
   * The subject (a room or an effect) whose code runs now: in a run, or in a timer, promise or socket that a run created. Undefined: no
   * game code runs.
   */
  abstract readonly current: Subject | undefined;
}

/** Runs all work without limits, for tests and when the watchdog is switched off. */
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
