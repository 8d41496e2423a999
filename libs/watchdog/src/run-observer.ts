import {
  INTERRUPT_AGAIN_MS,
  KILL_AFTER_MS,
  LOOP_LIMIT_MS,
  LOOP_LIMIT_UNKNOWN_MS,
  LOOP_SLOW_MS,
  WAIT_FACTOR,
  type WatchdogOptions,
} from './watchdog.options.js';

/** One sample of the main thread by the watchdog. */
export interface Sample {
  /** Time since the last sample, in ms, without the time in which the whole process was suspended. */
  readonly elapsedMs: number;
  /** Number of the current run. 0: no run is in progress. */
  readonly run: number;
  readonly beat: number;
  /** CPU time of the main thread, in ms. NaN: the CPU time is not known. */
  readonly cpuMs: number;
  /** Resident memory of the process, in MB. */
  readonly memoryMb: number;
}

export type Action =
  /**
   * Report the run, which passed the limit for reports. `isOver`: the run also passed the limit for interrupts, so interrupt it
   * immediately.
   */
  | { readonly kind: 'suspect'; readonly run: number; readonly ms: number; readonly grownMb: number; readonly isOver: boolean }
  /** Interrupt the run. This action may be repeated while the same run continues. */
  | { readonly kind: 'interrupt'; readonly run: number; readonly ms: number; readonly grownMb: number }
  /** End the process, because nothing can interrupt the run. */
  | { readonly kind: 'kill'; readonly run: number; readonly ms: number; readonly grownMb: number }
  /** The event loop is blocked outside of any run. */
  | { readonly kind: 'loop-slow'; readonly ms: number }
  | { readonly kind: 'loop-turns' }
  /**
   * The event loop was blocked for longer than a limit. `known`: the first limit, at which the process ends if game code is known to block
   * the loop. `unknown`: the second limit, at which the process ends in any case.
   */
  | { readonly kind: 'loop-limit'; readonly limit: 'known' | 'unknown'; readonly ms: number };

interface Run {
  readonly number: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  ms: number;
  isSuspect: boolean;
  /** Age of the run at the first and the last interrupt, in ms. NaN: the run was not interrupted yet. */
  interruptedAt: number;
  lastInterruptAt: number;
}

interface Block {
  ms: number;
  readonly cpuMs: number;
  isReported: boolean;
  limit: 'none' | 'known' | 'unknown';
}

/** Decides from a series of samples what the watchdog must do with the main thread. Stores earlier samples, but has no side effects. */
export class RunObserver {
  private run: Run | null = null;
  private block: Block | null = null;
  private beat = -1;
  /** Resident memory at the last sample before the run, in MB. */
  private idleMemoryMb = Number.NaN;

  constructor(private readonly options: WatchdogOptions) {}

  observe(sample: Sample): readonly Action[] {
    const actions: Action[] = [];
    if (this.run?.number !== sample.run) this.run = null;
    if (sample.run === 0) {
      this.idleMemoryMb = sample.memoryMb;
      actions.push(...this.observeLoop(sample));
    } else {
      // The limits for a blocked event loop do not apply during a run, which has its own limits.
      if (this.block?.isReported) actions.push({ kind: 'loop-turns' });
      this.block = null;
      actions.push(...this.observeRun(sample));
    }
    this.beat = sample.beat;
    return actions;
  }

  private observeRun(sample: Sample): Action[] {
    if (!this.run) {
      const memoryMb = Number.isNaN(this.idleMemoryMb) ? sample.memoryMb : this.idleMemoryMb;
      const none = Number.NaN;
      this.run = {
        number: sample.run,
        cpuMs: sample.cpuMs,
        memoryMb,
        ms: 0,
        isSuspect: false,
        interruptedAt: none,
        lastInterruptAt: none,
      };
    } else this.run.ms += sample.elapsedMs;
    const { run, options } = this;
    const grownMb = this.grownMb(run, sample);
    const isOver = sample.cpuMs - run.cpuMs >= options.limitMs || run.ms >= options.limitMs * WAIT_FACTOR || grownMb >= options.memoryMb;
    // Allows more elapsed time than CPU time, so that a run that only waited for the CPU is not reported at once.
    const isSlow = isOver || sample.cpuMs - run.cpuMs >= options.slowMs || run.ms >= options.slowMs * WAIT_FACTOR;
    const facts = { run: run.number, ms: run.ms, grownMb };
    const actions: Action[] = [];
    if (!run.isSuspect && isSlow) {
      run.isSuspect = true;
      actions.push({ kind: 'suspect', ...facts, isOver });
    }
    if (!isOver && Number.isNaN(run.interruptedAt)) return actions;
    if (Number.isNaN(run.interruptedAt)) run.interruptedAt = run.ms;
    if (run.ms - run.interruptedAt >= KILL_AFTER_MS) actions.push({ kind: 'kill', ...facts });
    else if (!(run.ms - run.lastInterruptAt < INTERRUPT_AGAIN_MS)) {
      run.lastInterruptAt = run.ms;
      actions.push({ kind: 'interrupt', ...facts });
    }
    return actions;
  }

  private observeLoop(sample: Sample): Action[] {
    if (sample.beat !== this.beat) {
      const wasReported = this.block?.isReported === true;
      this.block = null;
      return wasReported ? [{ kind: 'loop-turns' }] : [];
    }
    this.block ??= { ms: 0, cpuMs: sample.cpuMs, isReported: false, limit: 'none' };
    const { block } = this;
    block.ms += sample.elapsedMs;
    const actions: Action[] = [];
    if (!block.isReported && block.ms >= LOOP_SLOW_MS) {
      block.isReported = true;
      actions.push({ kind: 'loop-slow', ms: block.ms });
    }
    // A process that is suspended, or on a sleeping machine, uses no CPU time. So its event loop is not regarded as blocked.
    const usedMs = Number.isNaN(sample.cpuMs) ? block.ms : sample.cpuMs - block.cpuMs;
    if (block.limit === 'none' && usedMs >= LOOP_LIMIT_MS) {
      block.limit = 'known';
      actions.push({ kind: 'loop-limit', limit: 'known', ms: block.ms });
    }
    if (block.limit === 'known' && usedMs >= LOOP_LIMIT_UNKNOWN_MS) {
      block.limit = 'unknown';
      actions.push({ kind: 'loop-limit', limit: 'unknown', ms: block.ms });
    }
    return actions;
  }

  private grownMb(run: Run, sample: Sample): number {
    return Math.max(0, Math.round(sample.memoryMb - run.memoryMb));
  }
}
