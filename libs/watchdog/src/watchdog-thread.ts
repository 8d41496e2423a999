import { parentPort, workerData } from 'node:worker_threads';
import { sleep } from '#libs/async';
import type { Subject } from './handler-guard.js';
import { pauseMainThread } from './main-thread-stack.js';
import { type Action, RunObserver } from './run-observer.js';
import { CELL, monotonicMs } from './shared-state.js';
import { mainThreadCpuMs } from './thread-cpu.js';
import { MARK_AFTER_SAMPLES, MARK_CPU_MS, MARK_POLL_MS, POLL_MS, type WatchdogOptions } from './watchdog.options.js';
import type { OverrunReport, RunFacts, WatchdogReporter } from './watchdog-reporter.js';

/**
 * A message of the main thread that describes a subject (a room or an effect) or a label (the name of a handler). The main thread sends the
 * message before it uses the number of the subject or label.
 */
export type ThreadMessage =
  | { readonly kind: 'subject'; readonly id: number; readonly subject: Subject | null }
  | { readonly kind: 'label'; readonly id: number; readonly name: string };

export interface WatchdogThreadData {
  readonly cells: Int32Array;
  readonly options: WatchdogOptions;
  readonly reporterUrl: string;
  readonly reporterData: unknown;
}

/** Time limit for the main thread to reach a point where it can be paused, in ms. */
const PAUSE_TIMEOUT_MS = 1_000;
/** Time limit for the final reports before a kill, in ms. */
const FINAL_REPORTS_MS = 500;
/** An expression that the paused main thread evaluates. Its value is the room or effect whose timer, promise or socket runs. */
const CURRENT_SUBJECT = 'globalThis.__holdfastSubject?.()';

const { cells, options, reporterUrl, reporterData } = workerData as WatchdogThreadData;
const { createReporter } = (await import(reporterUrl)) as { createReporter(data: unknown): WatchdogReporter };
const reporter = createReporter(reporterData);
const subjects = new Map<number, Subject>();
const labels = new Map<number, string>();
const observer = new RunObserver(options);
interface Suspicion {
  readonly facts: RunFacts;
  /** Settles when the mark is stored outside this process. */
  readonly known: Promise<void>;
}
/** The marked current run. Null: the current run is not marked. */
let marked: (Suspicion & { readonly run: number }) | null = null;
let sampledRun = { run: 0, times: 0, cpuMs: 0 };
/**
 * The mark of game code that blocks the event loop outside of a guarded run, for example in the callback of a promise. Null: no such code
 * is known.
 */
let blocking: Suspicion | null = null;
let blocker: Subject | null = null;
let isKilling = false;
let lastSampleAt = performance.now();

parentPort?.on('message', (message: ThreadMessage) => {
  if (message.kind === 'label') labels.set(message.id, message.name);
  else if (message.subject) subjects.set(message.id, message.subject);
  else subjects.delete(message.id);
});
setInterval(markLongRun, MARK_POLL_MS);
setInterval(sample, POLL_MS);
parentPort?.postMessage('watching');

/**
 * Marks the current run when it takes too long, and clears the mark of an earlier run. The mark is stored outside this process. So the next
 * owner of the room learns which input has perhaps crashed this process.
 */
function markLongRun(): void {
  const run = Atomics.load(cells, CELL.run);
  if (marked && marked.run !== run) {
    clear(marked);
    marked = null;
  }
  if (run !== sampledRun.run) sampledRun = { run, times: 0, cpuMs: run === 0 ? 0 : mainThreadCpuMs() };
  sampledRun.times += 1;
  if (run === 0 || sampledRun.times < MARK_AFTER_SAMPLES || isKilling || Atomics.load(cells, CELL.debugged) !== 0) return;
  // Does not mark a run that only waits for a processor. Marks the run if its CPU time is not known (NaN).
  if (!(mainThreadCpuMs() - sampledRun.cpuMs < MARK_CPU_MS)) mark(run);
}

function mark(run: number): RunFacts | null {
  if (marked?.run === run) return marked.facts;
  const facts = factsOf(run);
  if (!facts) return null;
  if (marked) clear(marked);
  marked = { run, facts, known: reporter.suspect(facts) };
  return facts;
}

function sample(): void {
  const now = performance.now();
  // Limits the elapsed time of one sample, so that a suspension of the whole process is not counted.
  const elapsedMs = Math.min(now - lastSampleAt, 2 * POLL_MS);
  lastSampleAt = now;
  if (isKilling || Atomics.load(cells, CELL.debugged) !== 0) return;
  const actions = observer.observe({
    elapsedMs,
    run: Atomics.load(cells, CELL.run),
    beat: Atomics.load(cells, CELL.beat),
    cpuMs: mainThreadCpuMs(),
    memoryMb: process.memoryUsage.rss() / 1e6,
  });
  for (const action of actions) act(action);
}

function act(action: Action): void {
  switch (action.kind) {
    case 'suspect':
      return suspected(action.run, action);
    case 'interrupt':
      return interrupt(action.run, action.ms);
    case 'kill':
      return void kill({ ...(marked?.facts ?? UNKNOWN), ...measures(action) });
    case 'loop-slow':
      return void loopIsSlow(action.ms);
    case 'loop-turns':
      return loopTurns();
    case 'loop-limit':
      return void loopIsOver(action.limit, action.ms);
  }
}

function suspected(run: number, action: { ms: number; grownMb: number; isOver: boolean }): void {
  const facts = mark(run);
  if (!facts) return;
  const report = { ...facts, ...measures(action) };
  // Interrupts the run without reading its stack, because a pause of the main thread would delay the interrupt while the memory grows.
  if (action.isOver) return reporter.slow({ ...report, stack: null });
  void pauseMainThread(CURRENT_SUBJECT, PAUSE_TIMEOUT_MS).then((paused) => reporter.slow({ ...report, stack: paused?.stack ?? null }));
}

function clear({ facts, known }: Suspicion): void {
  void known.then(() => reporter.ended(facts));
}

function interrupt(run: number, ms: number): void {
  if (Atomics.load(cells, CELL.run) !== run) return;
  Atomics.store(cells, CELL.ranMs, Math.round(ms));
  Atomics.store(cells, CELL.target, run);
  Atomics.store(cells, CELL.sentAt, monotonicMs());
  process.kill(process.pid, 'SIGINT');
}

async function loopIsSlow(ms: number): Promise<void> {
  const { beat } = CELL;
  const before = Atomics.load(cells, beat);
  const paused = await pauseMainThread(CURRENT_SUBJECT, PAUSE_TIMEOUT_MS);
  if (Atomics.load(cells, beat) !== before) return;
  blocker = subjectFrom(paused?.value);
  const report = { ...DETACHED, subject: blocker ?? undefined, ms, grownMb: 0 };
  reporter.slow({ ...report, stack: paused?.stack ?? null });
  if (blocker) blocking = { facts: report, known: reporter.suspect(report) };
}

async function loopIsOver(limit: 'known' | 'unknown', ms: number): Promise<void> {
  // Repeats the search for the blocking code. The first attempt fails when native code runs, because native code cannot be paused.
  if (!blocker) await loopIsSlow(ms);
  if (blocker || limit === 'unknown') await kill({ ...DETACHED, subject: blocker ?? undefined, ms: Math.round(ms), grownMb: 0 });
}

function loopTurns(): void {
  blocker = null;
  if (blocking) clear(blocking);
  blocking = null;
}

async function kill(report: Omit<OverrunReport, 'stack'>): Promise<void> {
  isKilling = true;
  const paused = await pauseMainThread(CURRENT_SUBJECT, FINAL_REPORTS_MS);
  const words = Promise.all([marked?.known, blocking?.known, reporter.killing({ ...report, stack: paused?.stack ?? null })]);
  await Promise.race([words, sleep(FINAL_REPORTS_MS)]);
  process.kill(process.pid, 'SIGKILL');
}

const DETACHED = { handler: 'detached', seat: -1, seq: 0 } as const;
const UNKNOWN: RunFacts = { handler: 'unknown', seat: -1, seq: 0 };

/** Returns the facts about the current run. Null: the run has ended, and the shared memory describes another run. */
function factsOf(run: number): RunFacts | null {
  const subject = subjects.get(Atomics.load(cells, CELL.subject));
  const handler = labels.get(Atomics.load(cells, CELL.label)) ?? 'unknown';
  const facts = { subject, handler, seat: Atomics.load(cells, CELL.seat), seq: Atomics.load(cells, CELL.seq) };
  return Atomics.load(cells, CELL.run) === run ? facts : null;
}

function measures({ ms, grownMb }: { ms: number; grownMb: number }): { ms: number; grownMb: number } {
  return { ms: Math.round(ms), grownMb };
}

function subjectFrom(value: unknown): Subject | null {
  return typeof value === 'string' ? (JSON.parse(value) as Subject) : null;
}
