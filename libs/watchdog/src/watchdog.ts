import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import inspector from 'node:inspector';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { HandlerGuard, type QueuedRun, type RunSubject, type Subject } from './handler-guard.js';
import { OverrunError } from './overrun.js';
import { CELL, CELLS, isOwnInterrupt } from './shared-state.js';
import type { HolderMessage } from './sigint-holder.js';
import { BEAT_MS, type WatchdogOptions } from './watchdog.options.js';
import type { ThreadMessage, WatchdogThreadData } from './watchdog-thread.js';

export interface WatchdogReporterModule {
  /** URL of a module that exports `createReporter(data): WatchdogReporter`. */
  readonly url: URL;
  /** The argument of `createReporter`. The watchdog's thread receives a structured clone of it. */
  readonly data: unknown;
}

/**
 * Interrupts game code that runs too long or allocates without limit, and reports the overrun.
 *
 * A thread samples the current run from shared memory. When a run passes a limit, the thread sends SIGINT. The signal ends the `vm`
 * boundary around the run (`breakOnSigint`) with an error that the main thread catches. When the code cannot be interrupted (native code,
 * code outside a run), the thread reports it and ends the process. The watchdog adds 0.5 µs to each run.
 *
 * Needs POSIX signals. The process must have no listener for SIGINT, because that listener would receive the signals of the watchdog. To
 * receive a SIGINT from outside, use `onInterrupt`.
 */
export class Watchdog extends HandlerGuard {
  private readonly subjects = new AsyncLocalStorage<{ readonly subject: Subject | null }>();
  private readonly cells = new Int32Array(new SharedArrayBuffer(4 * CELLS));
  private readonly labels = new Map<string, number>();
  /** The threads and the beat timer. Null while the watchdog does not run. */
  private parts: { readonly watcher: Worker; readonly holder: Worker; readonly beat: NodeJS.Timeout } | null = null;
  /** Messages for the watchdog's thread, which does not run yet. */
  private readonly unsent: ThreadMessage[] = [];
  private readonly interruptListeners: (() => void)[] = [];
  private readonly failureListeners: ((error: Error) => void)[] = [];
  private nextSubject = 1;
  private runs = 0;
  private isClosed = false;

  constructor(
    private readonly options: WatchdogOptions,
    private readonly reporter: WatchdogReporterModule,
  ) {
    super();
  }

  /** False on Windows, which has no POSIX signals. Runs are then neither watched nor interrupted. */
  static get isSupported(): boolean {
    return process.platform !== 'win32';
  }

  /**
   * Starts the threads. Resolves when they work. Until then, runs are not watched, and a SIGINT ends the process. Rejects when a thread
   * cannot start.
   */
  async start(): Promise<void> {
    const { cells, options, reporter } = this;
    const data: WatchdogThreadData = { cells, options, reporterUrl: reporter.url.href, reporterData: reporter.data };
    const watcher = this.thread('./watchdog-thread.js', data, WATCHER_MEMORY);
    const holder = this.thread('./sigint-holder.js', { cells }, HOLDER_MEMORY);
    holder.on('message', (message: HolderMessage) => {
      if (message === 'interrupted') this.interrupted();
    });
    const beat = setInterval(() => {
      Atomics.add(cells, CELL.beat, 1);
      // While a debugger is attached, the watchdog does nothing, because a breakpoint is not an overrun.
      Atomics.store(cells, CELL.debugged, inspector.url() === undefined ? 0 : 1);
    }, BEAT_MS);
    beat.unref();
    this.parts = { watcher, holder, beat };
    for (const message of this.unsent.splice(0)) this.sendToThread(message);
    Object.defineProperty(globalThis, '__holdfastSubject', {
      configurable: true,
      value: () => this.current && JSON.stringify(this.current),
    });
    // The first message of a thread means that the thread works.
    await Promise.all([once(watcher, 'message'), once(holder, 'message')]);
    watcher.unref();
    holder.unref();
  }

  /** Registers a listener for SIGINT from outside, such as Ctrl-C. */
  onInterrupt(listener: () => void): void {
    this.interruptListeners.push(listener);
  }

  /** Registers a listener for the failure of a watchdog thread. After such a failure, no run is interrupted any more. */
  onFailure(listener: (error: Error) => void): void {
    this.failureListeners.push(listener);
  }

  override get current(): Subject | undefined {
    return this.subjects.getStore()?.subject ?? undefined;
  }

  override subject(subject: Subject): RunSubject {
    const id = this.nextSubject++;
    this.sendToThread({ kind: 'subject', id, subject });
    return new ThreadSubject(this, id, subject);
  }

  override label(name: string): number {
    let id = this.labels.get(name);
    if (id === undefined) {
      id = this.labels.size + 1;
      this.labels.set(name, id);
      this.sendToThread({ kind: 'label', id, name });
    }
    return id;
  }

  /** Runs `work` under the watchdog. Only `ThreadSubject` calls it; other code uses `RunSubject.run`. */
  run<T>(subject: ThreadSubject, label: number, seat: number, seq: number, work: () => T, isPure: boolean): T {
    const { cells } = this;
    // A run inside another run is part of the outer run, so only the limits of the outer run apply.
    if (cells[CELL.run] !== 0) return work();
    for (;;) {
      const run = this.nextRun();
      cells[CELL.subject] = subject.id;
      cells[CELL.label] = label;
      cells[CELL.seat] = seat;
      cells[CELL.seq] = seq;
      cells[CELL.run] = run;
      task = work;
      try {
        this.subjects.run(subject, enter);
      } catch (error) {
        if (!isInterrupt(error)) throw error;
        const isMeant = Atomics.load(cells, CELL.target) === run;
        if (!isMeant && !isOwnInterrupt(cells)) this.interrupted();
        if (isMeant || !isPure) throw new OverrunError(this.nameOf(label), isMeant ? Atomics.load(cells, CELL.ranMs) : 0);
        // The signal was Ctrl-C, or was meant for an earlier run, so this run starts again.
        continue;
      } finally {
        cells[CELL.run] = 0;
        task = NOTHING;
      }
      if (hasThrown) throw thrown;
      return returned as T;
    }
  }

  override get isRunning(): boolean {
    return this.cells[CELL.run] !== 0;
  }

  override runAll(runs: readonly QueuedRun[]): number {
    const { cells, subjects } = this;
    let at = 0;
    const all = (): void => {
      for (; at < runs.length; at++) {
        const { subject, label, seat, seq } = runs[at]!;
        if (subject instanceof ThreadSubject) {
          cells[CELL.subject] = subject.id;
          subjects.enterWith(subject);
        }
        cells[CELL.label] = label;
        cells[CELL.seat] = seat;
        cells[CELL.seq] = seq;
        cells[CELL.run] = this.nextRun();
        runs[at]!.work();
        cells[CELL.run] = 0;
      }
    };
    while (at < runs.length) {
      task = all;
      try {
        // Runs all of `runs` in one async context, so that code after them does not inherit the room or effect of the last or interrupted
        // run.
        subjects.run(NOBODY, enter);
        if (hasThrown) throw thrown;
      } catch (error) {
        if (!isInterrupt(error)) throw error;
        const isMeant = at < runs.length && cells[CELL.run] !== 0 && Atomics.load(cells, CELL.target) === cells[CELL.run];
        if (!isMeant && !isOwnInterrupt(cells)) this.interrupted();
        // The signal was Ctrl-C, or was meant for another run, so the current run starts again.
        if (!isMeant) continue;
        runs[at]!.stopped(new OverrunError(this.nameOf(runs[at]!.label), Atomics.load(cells, CELL.ranMs)));
        return at + 1;
      } finally {
        cells[CELL.run] = 0;
        task = NOTHING;
      }
    }
    return at;
  }

  sendToThread(message: ThreadMessage): void {
    if (this.parts) this.parts.watcher.postMessage(message);
    else if (!this.isClosed) this.unsent.push(message);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const { parts } = this;
    this.parts = null;
    if (!parts) return;
    clearInterval(parts.beat);
    await Promise.all([parts.watcher.terminate(), parts.holder.terminate()]);
  }

  private nextRun(): number {
    this.runs = this.runs === 0x7fff_ffff ? 1 : this.runs + 1;
    return this.runs;
  }

  private nameOf(label: number): string {
    for (const [name, id] of this.labels) if (id === label) return name;
    return 'a handler';
  }

  private interrupted(): void {
    for (const listener of this.interruptListeners) listener();
  }

  private thread(file: string, workerData: unknown, resourceLimits: Worker['resourceLimits']): Worker {
    const worker = new Worker(new URL(file, import.meta.url), { workerData, resourceLimits });
    worker.on('error', (error) => {
      if (!this.isClosed) for (const listener of this.failureListeners) listener(error as Error);
    });
    return worker;
  }
}

const WATCHER_MEMORY = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };
const HOLDER_MEMORY = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 };

const NOTHING = (): unknown => undefined;
let task: () => unknown = NOTHING;
let returned: unknown;
let thrown: unknown;
let hasThrown = false;
/**
 * Catches errors of the game inside the boundary. An interrupt cannot be caught there, so every error that leaves the boundary is an
 * interrupt.
 */
Object.defineProperty(globalThis, '__holdfastTask', {
  configurable: true,
  value: () => {
    hasThrown = false;
    try {
      returned = task();
    } catch (error) {
      hasThrown = true;
      thrown = error;
    }
  },
});
/**
 * The store of the async context around several runs. It is not undefined, because `AsyncLocalStorage.run` does not restore an empty
 * context.
 */
const NOBODY = { subject: null };
const boundary = new vm.Script('__holdfastTask()', { filename: 'holdfast-run' });
const BOUNDARY_OPTIONS = { breakOnSigint: true, displayErrors: false };

const enter = cheapEntry() ?? (() => boundary.runInThisContext(BOUNDARY_OPTIONS));

/**
 * Calls Node's internal function, because `runInThisContext` spends half of its time on validating its options. Node does not document this
 * function. It is the same in Node 20, 22 and 24, and a test call at startup checks its behavior.
 */
function cheapEntry(): (() => unknown) | null {
  const { runInContext } = Object.getPrototypeOf(vm.Script.prototype) as { runInContext?: (...args: unknown[]) => unknown };
  if (typeof runInContext !== 'function' || runInContext === vm.Script.prototype.runInContext) return null;
  // The arguments: no other context, no time limit, no decorated errors, break on SIGINT, no break on the first line.
  const cheap = (): unknown => runInContext.call(boundary, null, -1, false, true, false);
  const marker = {};
  const before = task;
  try {
    task = () => marker;
    cheap();
    return returned === marker ? cheap : null;
  } catch {
    return null;
  } finally {
    task = before;
  }
}

function isInterrupt(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
}

class ThreadSubject implements RunSubject {
  constructor(
    private readonly watchdog: Watchdog,
    readonly id: number,
    public subject: Subject,
  ) {}

  run<T>(label: number, seat: number, seq: number, work: () => T): T {
    return this.watchdog.run(this, label, seat, seq, work, true);
  }

  runOnce<T>(label: number, work: () => T): T {
    return this.watchdog.run(this, label, -1, 0, work, false);
  }

  update(subject: Subject): void {
    this.subject = subject;
    this.watchdog.sendToThread({ kind: 'subject', id: this.id, subject });
  }

  dispose(): void {
    this.watchdog.sendToThread({ kind: 'subject', id: this.id, subject: null });
  }
}
