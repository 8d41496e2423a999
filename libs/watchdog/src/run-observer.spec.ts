import { type Action, RunObserver, type Sample } from './run-observer.js';
import { WATCHDOG_DEFAULTS } from './watchdog.options.js';

const STEP_MS = 25;

/** Gives samples to an observer, one after another. */
class SampleSeries {
  private readonly observer = new RunObserver(WATCHDOG_DEFAULTS);
  private cpuMs = 0;
  private beat = 0;
  memoryMb = 100;

  /**
   * Simulates `ms` of time. `cpu`: the fraction of this time in which the main thread computes, from 0 to 1. Returns the actions in order.
   */
  pass(ms: number, { run, cpu = 1, beats = false }: { run: number; cpu?: number; beats?: boolean }): Action[] {
    const actions: Action[] = [];
    for (let at = 0; at < ms; at += STEP_MS) {
      this.cpuMs += STEP_MS * cpu;
      if (beats) this.beat += 1;
      const sample: Sample = { elapsedMs: STEP_MS, run, beat: this.beat, cpuMs: this.cpuMs, memoryMb: this.memoryMb };
      actions.push(...this.observer.observe(sample));
    }
    return actions;
  }
}

const kinds = (actions: readonly Action[]): string[] => actions.map(({ kind }) => kind);

describe("the watchdog's observer of the runs of game code", () => {
  it('ignores short runs in a healthy event loop', () => {
    const series = new SampleSeries();
    expect(series.pass(10_000, { run: 0, beats: true })).toEqual([]);
    for (let run = 1; run < 50; run++) expect(series.pass(175, { run })).toEqual([]);
  });

  it('reports a run only once when the run reaches the first limit', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    expect(kinds(series.pass(450, { run: 7 }))).toEqual(['suspect']);
    expect(series.pass(25, { run: 0, beats: true })).toEqual([]);
  });

  it('interrupts a run at the limit of CPU time, and ends the process when the run does not stop', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    expect(kinds(series.pass(550, { run: 7 }))).toEqual(['suspect', 'interrupt']);
    expect(kinds(series.pass(500, { run: 7 }))).toEqual(['interrupt', 'interrupt']);
    expect(kinds(series.pass(600, { run: 7 }))).toContain('kill');
  });

  it('interrupts a run that uses no CPU time only after twice the limit', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    expect(kinds(series.pass(950, { run: 7, cpu: 0 }))).toEqual(['suspect']);
    expect(kinds(series.pass(100, { run: 7, cpu: 0 }))).toEqual(['interrupt']);
  });

  it('interrupts a run when the memory of the process grows by more than the limit during the run', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    series.pass(50, { run: 7 });
    series.memoryMb = 400;
    expect(series.pass(25, { run: 7 })).toEqual([
      expect.objectContaining({ kind: 'suspect', grownMb: 300 }),
      expect.objectContaining({ kind: 'interrupt', grownMb: 300 }),
    ]);
  });

  it('ignores memory that was used before the run', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    series.memoryMb = 2_000;
    series.pass(25, { run: 0, beats: true });
    expect(series.pass(175, { run: 7 })).toEqual([]);
  });

  it('reports that the event loop is blocked, each limit that the blocking exceeds, and the end of the blocking', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    expect(kinds(series.pass(1_000, { run: 0 }))).toEqual(['loop-slow']);
    expect(series.pass(1_500, { run: 0 })).toEqual([expect.objectContaining({ kind: 'loop-limit', limit: 'known' })]);
    expect(series.pass(30_000, { run: 0 })).toEqual([expect.objectContaining({ kind: 'loop-limit', limit: 'unknown' })]);
    expect(kinds(series.pass(25, { run: 0, beats: true }))).toEqual(['loop-turns']);
  });

  it('reports an event loop that is blocked without using CPU time, but does not end the process', () => {
    const series = new SampleSeries();
    series.pass(100, { run: 0, beats: true });
    expect(kinds(series.pass(60_000, { run: 0, cpu: 0 }))).toEqual(['loop-slow']);
  });
});
