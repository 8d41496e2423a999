/**
 * The time of a queue, in ms: it runs only while a lobby runs the rounds of the game, at the pace of that lobby's monotonic clock. The
 * runner stores it, and the next runner continues from there. So ages of tickets never jump when the clock of Redis is set, and no ticket
 * expires while no lobby runs.
 */
export class QueueTime {
  private base: number;
  private since: number;

  constructor(
    stored: number,
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    this.base = stored;
    this.since = monotonic();
  }

  now(): number {
    return this.base + this.monotonic() - this.since;
  }

  /** Continues from a stored time if it is later. */
  catchUp(stored: number): void {
    const behind = stored - this.now();
    if (behind > 0) this.base += behind;
  }
}
