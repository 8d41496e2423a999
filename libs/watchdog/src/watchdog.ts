import { AsyncLocalStorage } from 'node:async_hooks';
import inspector from 'node:inspector';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { HandlerGuard, type RunSubject, type Subject } from './handler-guard.js';
import { OverrunError } from './overrun.js';
import { CELL, CELLS, takeSent } from './shared-state.js';
import { BEAT_MS, type WatchdogOptions } from './watchdog.options.js';
import type { Told, WatchdogThreadData } from './watchdog-thread.js';

export interface WatchdogReporterModule {
  /** URL of a module that exports `createReporter(data): WatchdogReporter`. */
  readonly url: URL;
  /** What it is given; cloned to the watchdog's thread. */
  readonly data: unknown;
}

/**
 * Interrupts game code that runs for too long or allocates without end, and names it.
 *
 * A thread looks at shared memory that says which run is under way. A run that passes a limit gets a SIGINT, which ends the
 * `vm` boundary around it (`breakOnSigint`) with an error that the main thread can catch. What cannot be interrupted (native
 * code, code outside a run) ends the process, after it was reported. A run costs 0.5 µs.
 *
 * Needs POSIX signals. No listener for SIGINT may exist in the process: it would take the signal. `onInterrupt` stands in.
 */
export class Watchdog extends HandlerGuard {
  private readonly subjects = new AsyncLocalStorage<ThreadSubject>();
  private readonly cells = new Int32Array(new SharedArrayBuffer(4 * CELLS));
  private readonly labels = new Map<string, number>();
  private readonly watcher: Worker;
  private readonly holder: Worker;
  private readonly beat: NodeJS.Timeout;
  private readonly interruptListeners: (() => void)[] = [];
  private readonly failureListeners: ((error: Error) => void)[] = [];
  private nextSubject = 1;
  private runs = 0;
  private isClosed = false;

  /** Null where the watchdog cannot work: on Windows. */
  static start(options: WatchdogOptions, reporter: WatchdogReporterModule): Watchdog | null {
    return process.platform === 'win32' ? null : new Watchdog(options, reporter);
  }

  private constructor(options: WatchdogOptions, reporter: WatchdogReporterModule) {
    super();
    const { cells } = this;
    const data: WatchdogThreadData = { cells, options, reporterUrl: reporter.url.href, reporterData: reporter.data };
    this.watcher = this.thread('./watchdog-thread.js', data, WATCHER_MEMORY);
    this.holder = this.thread('./sigint-holder.js', { cells }, HOLDER_MEMORY);
    this.holder.on('message', () => this.interrupted());
    this.beat = setInterval(() => {
      Atomics.add(cells, CELL.beat, 1);
      // A breakpoint stops the clock.
      Atomics.store(cells, CELL.debugged, inspector.url() === undefined ? 0 : 1);
    }, BEAT_MS);
    this.beat.unref();
    Object.defineProperty(globalThis, '__holdfastSubject', {
      configurable: true,
      value: () => {
        const subject = this.subjects.getStore()?.subject;
        return subject && JSON.stringify(subject);
      },
    });
  }

  /** SIGINT from outside, such as Ctrl-C. */
  onInterrupt(listener: () => void): void {
    this.interruptListeners.push(listener);
  }

  /** A thread of the watchdog ended with an error: nothing is interrupted any more. */
  onFailure(listener: (error: Error) => void): void {
    this.failureListeners.push(listener);
  }

  /** Whose code runs now: in a run, or in a timer, promise or socket that one left behind. */
  get current(): Subject | undefined {
    return this.subjects.getStore()?.subject;
  }

  override subject(subject: Subject): RunSubject {
    const id = this.nextSubject++;
    this.tell({ kind: 'subject', id, subject });
    return new ThreadSubject(this, id, subject);
  }

  override label(name: string): number {
    let id = this.labels.get(name);
    if (id === undefined) {
      id = this.labels.size + 1;
      this.labels.set(name, id);
      this.tell({ kind: 'label', id, name });
    }
    return id;
  }

  /** Use `RunSubject.run`. */
  run<T>(subject: ThreadSubject, label: number, seat: number, seq: number, work: () => T, isPure: boolean): T {
    const { cells } = this;
    // A run inside another belongs to it.
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
        return this.subjects.run(subject, enter) as T;
      } catch (error) {
        if (!isInterrupt(error)) throw error;
        if (!takeSent(cells)) this.interrupted();
        const isMeant = Atomics.load(cells, CELL.target) === run;
        if (isMeant || !isPure) throw new OverrunError(this.nameOf(label), isMeant ? Atomics.load(cells, CELL.ranMs) : 0);
        // Ctrl-C, or an interrupt that was meant for the run before: this one begins anew.
      } finally {
        cells[CELL.run] = 0;
        task = NOTHING;
      }
    }
  }

  tell(told: Told): void {
    this.watcher.postMessage(told);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.beat);
    await Promise.all([this.watcher.terminate(), this.holder.terminate()]);
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
    worker.unref();
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
Object.defineProperty(globalThis, '__holdfastTask', { configurable: true, value: () => task() });
const boundary = new vm.Script('__holdfastTask()', { filename: 'holdfast-run' });
const BOUNDARY_OPTIONS = { breakOnSigint: true, displayErrors: false };

function enter(): unknown {
  return boundary.runInThisContext(BOUNDARY_OPTIONS);
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
    this.watchdog.tell({ kind: 'subject', id: this.id, subject });
  }

  release(): void {
    this.watchdog.tell({ kind: 'subject', id: this.id, subject: null });
  }
}
