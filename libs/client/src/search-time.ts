/** How late a timer or an answer may be and still count, in ms. */
const LATE_MS = 1_000;

/**
 * For how long a connection has been sought. Time in which nothing could be tried does not count: the computer slept, or the
 * browser let the timers of a tab in the background run once a minute. Nor does the wall clock, which may be set meanwhile.
 */
export class SearchTime {
  /** In ms. */
  ms = 0;
  private since = 0;

  begin(): void {
    this.ms = 0;
    this.since = performance.now();
  }

  /** A step of the search is over, which was to take at most `plannedMs`. */
  tried(plannedMs: number): void {
    const now = performance.now();
    this.ms += Math.min(now - this.since, plannedMs + LATE_MS);
    this.since = now;
  }
}
