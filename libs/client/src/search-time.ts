/**
 * A delay of a timer or an answer counts as search time up to this limit, in ms. During a longer delay, the client could not try to
 * connect.
 */
const LATE_MS = 1_000;

/**
 * Measures how long the client has tried to connect. Does not count the time in which the client could not try, because the computer slept
 * or the browser throttled the timers of a background tab. Uses a monotonic clock, because somebody may set the wall clock.
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
