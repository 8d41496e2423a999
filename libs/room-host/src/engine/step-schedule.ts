import { StepSlots } from './step-slots.js';

/** The callbacks of one room, with which the schedule runs and counts steps. */
export interface Stepper {
  /** Runs one step. `lagMs`: the time since the step was due, in ms. */
  step(lagMs: number): void;
  /** Counts steps that the schedule skipped because the process was too slow. */
  dropped(steps: number): void;
  /** Counts a step that starts so late that the next step is due, too. */
  late(): void;
}

export interface StepTime {
  /** Returns the time of a monotonic clock, in ms. */
  now(): number;
  /** Calls `run` once after `ms`. Returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void;
}

export const PROCESS_TIME: StepTime = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Maximum number of missed steps that the schedule runs late. Older missed steps are dropped, so that the delay of a slow process does not
 * grow.
 */
export const CATCH_UP_STEPS_MAX = 4;
/**
 * Largest time by which a step may run early, in ms. Without this tolerance, a step could be one ms late, because timers count whole
 * milliseconds.
 */
const EARLY_MS = 1;
/**
 * Maximum time that steps may take in one call of the timer, in ms. The remaining steps wait, so that other work of the process can run.
 */
const WORK_MS_MAX = 10;
interface Entry {
  readonly stepper: Stepper;
  readonly periodMs: number;
  readonly phaseMs: number;
  /** Number of the next step on the grid `phaseMs + number * periodMs`. */
  number: number;
  dueAt: number;
  /** Position in the heap. -1: removed. */
  at: number;
}

/**
 * Runs fixed steps: step n is due at `phase + n * period`, so the delay of one step does not delay the next. The steps of all rooms share
 * one timer. `StepSlots` gives a few rooms the same phase, so that one call of the timer runs their steps. `StepSlots` also spreads the
 * phases over the period. The entries form a binary heap by due time.
 */
export class StepSchedule {
  private readonly heap: Entry[] = [];
  private readonly entries = new Map<Stepper, Entry>();
  /** The phases of the rooms, by period. */
  private readonly slots = new Map<number, StepSlots>();
  private wakeAt = Number.POSITIVE_INFINITY;
  private cancelWake: () => void = () => {};

  constructor(private readonly time: StepTime = PROCESS_TIME) {}

  /**
   * Starts the steps of a room, from the first step that is due after this call. For a room that is already in the schedule, the steps
   * start with a new phase.
   * @param hz steps a second, above 0
   */
  add(stepper: Stepper, hz: number): void {
    this.remove(stepper);
    const periodMs = 1_000 / hz;
    let slots = this.slots.get(periodMs);
    if (!slots) {
      slots = new StepSlots(periodMs);
      this.slots.set(periodMs, slots);
    }
    const phaseMs = slots.take();
    const number = Math.ceil((this.time.now() - phaseMs) / periodMs);
    const entry: Entry = { stepper, periodMs, phaseMs, number, dueAt: phaseMs + number * periodMs, at: this.heap.length };
    this.entries.set(stepper, entry);
    this.heap.push(entry);
    this.rise(entry);
    this.arm();
  }

  remove(stepper: Stepper): void {
    const entry = this.entries.get(stepper);
    if (!entry) return;
    this.entries.delete(stepper);
    this.slots.get(entry.periodMs)!.free(entry.phaseMs);
    const { at } = entry;
    const last = this.heap.pop()!;
    entry.at = -1;
    if (last === entry) return;
    this.put(last, at);
    this.rise(last);
    this.sink(last);
  }

  private readonly wake = (): void => {
    this.wakeAt = Number.POSITIVE_INFINITY;
    const startedAt = this.time.now();
    let now = startedAt;
    for (let first = this.heap[0]; first && first.dueAt <= startedAt + EARLY_MS && now - startedAt < WORK_MS_MAX; first = this.heap[0]) {
      this.run(first, now);
      now = this.time.now();
    }
    this.arm();
  };

  private run(entry: Entry, now: number): void {
    const { stepper, phaseMs, periodMs } = entry;
    const lagMs = Math.max(0, now - entry.dueAt);
    const behind = Math.floor(lagMs / periodMs);
    const dropped = behind - CATCH_UP_STEPS_MAX;
    entry.number += dropped > 0 ? dropped + 1 : 1;
    entry.dueAt = phaseMs + entry.number * periodMs;
    // Moves the entry in the heap before the step runs, because the step can end the game and remove the entry.
    this.sink(entry);
    if (dropped > 0) stepper.dropped(dropped);
    if (behind > 0) stepper.late();
    stepper.step(lagMs);
  }

  private arm(): void {
    const [first] = this.heap;
    if (!first || first.dueAt >= this.wakeAt) return;
    this.cancelWake();
    this.wakeAt = first.dueAt;
    this.cancelWake = this.time.after(Math.max(0, first.dueAt - this.time.now()), this.wake);
  }

  private rise(entry: Entry): void {
    while (entry.at > 0) {
      const parent = this.heap[(entry.at - 1) >> 1]!;
      if (parent.dueAt <= entry.dueAt) return;
      const { at } = parent;
      this.put(parent, entry.at);
      this.put(entry, at);
    }
  }

  private sink(entry: Entry): void {
    for (;;) {
      const left = this.heap[2 * entry.at + 1];
      const right = this.heap[2 * entry.at + 2];
      const child = right && left && right.dueAt < left.dueAt ? right : left;
      if (!child || child.dueAt >= entry.dueAt) return;
      const { at } = child;
      this.put(child, entry.at);
      this.put(entry, at);
    }
  }

  private put(entry: Entry, at: number): void {
    entry.at = at;
    this.heap[at] = entry;
  }
}
