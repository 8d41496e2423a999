/** Maximum delay of a timer or an answer that still counts as search time, in ms. A longer delay means that the client could not try. */
const LATE_MS = 1_000;

/**
 * Measures how long the client has tried to connect. Time in which it could not try does not count: the computer slept, or the
 * browser throttled the timers of a background tab. It uses a monotonic clock, because somebody may set the wall clock.
 */
export class SearchTime {
  /** The search time so far, in ms. */
  ms = 0;
  private since = 0;

  begin(): void {
    this.ms = 0;
    this.since = performance.now();
  }

  /** Ends an attempt or a pause of the search. `plannedMs`: its longest planned duration, in ms. */
  tried(plannedMs: number): void {
    const now = performance.now();
    this.ms += Math.min(now - this.since, plannedMs + LATE_MS);
    this.since = now;
  }
}
