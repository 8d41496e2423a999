/**
 * Indexes of the memory that the main thread, the watchdog and the signal holder (`sigint-holder.ts`) share. The main thread writes the
 * first five cells without atomics, which takes 3 ns. So the watchdog can see a new value some microseconds late, which is harmless.
 */
export const CELL = {
  /** Number of the current run. 0: no run is in progress. */
  run: 0,
  /** Id of the subject (a room or an effect) whose code runs. */
  subject: 1,
  /** Id of the label of the handler that runs. */
  label: 2,
  seat: 3,
  seq: 4,
  /** The main thread adds 1 every `BEAT_MS` while its event loop is not blocked. */
  beat: 5,
  /** Number of the run that the watchdog interrupts. */
  target: 6,
  /** Time of the last interrupt (`monotonicMs`). */
  sentAt: 7,
  /** 1 while a debugger is attached. The watchdog then does nothing, because a breakpoint is not an overrun. */
  debugged: 8,
  /** Duration of the interrupted run, in ms. */
  ranMs: 9,
} as const;

export const CELLS = 10;

/**
 * Time after an interrupt within which an arriving SIGINT is regarded as this interrupt, in ms. The system delivers an interrupt within a
 * few ms.
 */
const DELIVERED_MS = 1_000;

/** Returns whether the watchdog sent the SIGINT that has just arrived. False: the signal came from outside, such as Ctrl-C. */
export function isOwnInterrupt(cells: Int32Array): boolean {
  const sentAt = Atomics.load(cells, CELL.sentAt);
  return sentAt !== 0 && ((monotonicMs() - sentAt) & CLOCK_MASK) < DELIVERED_MS;
}

/** Returns the time in ms, at least 1, by a clock that all threads of the process share. The time wraps around every 24 days. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n) & CLOCK_MASK || 1;
}

const CLOCK_MASK = 0x7fff_ffff;
