/**
 * Memory that the main thread, the watchdog and the signal holder share, by index. The main thread writes the first five
 * with plain stores (3 ns): the watchdog may see them some microseconds late, which does not matter to it.
 */
export const CELL = {
  /** Number of the run under way; 0: none. */
  run: 0,
  /** Who runs: id of a subject. */
  subject: 1,
  /** What runs: id of a label. */
  label: 2,
  seat: 3,
  seq: 4,
  /** Grows with every turn of the main thread's event loop that is looked at. */
  beat: 5,
  /** The run that is to be interrupted. */
  target: 6,
  /** When an interrupt was sent last (`monotonicMs`). */
  sentAt: 7,
  /** 1 once the holder waits: from then on a run is cheap. */
  holding: 8,
  /** 1 while a debugger is attached: a breakpoint is no overrun. */
  debugged: 9,
  /** How long the interrupted run ran, in ms. */
  ranMs: 10,
} as const;

export const CELLS = 11;

/** A signal that comes within this after the last interrupt is that interrupt, in ms: it is delivered within a few. */
const DELIVERED_MS = 1_000;

/** Whether a signal was sent by the watchdog. False: it came from outside, as Ctrl-C does. */
export function isOwnInterrupt(cells: Int32Array): boolean {
  const sentAt = Atomics.load(cells, CELL.sentAt);
  return sentAt !== 0 && ((monotonicMs() - sentAt) & CLOCK_MASK) < DELIVERED_MS;
}

/** Time that all threads of the process share, from 1 on, in ms; it begins anew every 24 days. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n) & CLOCK_MASK || 1;
}

const CLOCK_MASK = 0x7fff_ffff;
