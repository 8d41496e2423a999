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
  /** Interrupts sent and not yet received. */
  sent: 7,
  /** 1 once the holder waits: from then on a run is cheap. */
  holding: 8,
  /** 1 while a debugger is attached: a breakpoint is no overrun. */
  debugged: 9,
  /** How long the interrupted run ran, in ms. */
  ranMs: 10,
} as const;

export const CELLS = 11;

/** Takes one interrupt that we sent ourselves. False: the signal came from outside, as Ctrl-C does. */
export function takeSent(cells: Int32Array): boolean {
  for (let sent = Atomics.load(cells, CELL.sent); sent > 0; sent = Atomics.load(cells, CELL.sent)) {
    if (Atomics.compareExchange(cells, CELL.sent, sent, sent - 1) === sent) return true;
  }
  return false;
}
