/**
 * Maximum delay of a timer or an answer, in ms, that counts as time in which the client tried to connect. After a longer delay, the client
 * was suspended, and the time above this maximum does not count.
 */
const LATE_MS = 1_000;

/**
 * Measures how long the client has tried to connect. Excludes the time in which the computer slept or the browser throttled a background
 * tab. Reads a monotonic clock, because the wall clock can be set at any time.
 */
export class SearchTime {
  /** The time in which the client has tried to connect so far, in ms. */
  ms = 0;
  private since = 0;

  begin(): void {
    this.ms = 0;
    this.since = performance.now();
  }

  /** Ends an attempt to connect, or the wait after an attempt. `plannedMs`: maximum planned duration of the attempt or wait, in ms. */
  tried(plannedMs: number): void {
    const now = performance.now();
    this.ms += Math.min(now - this.since, plannedMs + LATE_MS);
    this.since = now;
  }
}
