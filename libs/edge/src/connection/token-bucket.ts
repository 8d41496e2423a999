/**
 * Limits the rate and the burst at which tokens are taken. The caller passes the time, so that several buckets need only one reading of the
 * clock.
 */
export class TokenBucket {
  private tokens: number;
  private at: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.at = now;
  }

  /**
   * Takes `count` tokens. When fewer tokens are left, takes no token and returns false.
   *
   * @param now in ms, of any monotonic clock
   */
  take(count: number, now: number): boolean {
    this.refill(now);
    if (this.tokens < count) return false;
    this.tokens -= count;
    return true;
  }

  /** Gives tokens back when the event for which they were taken did not happen. */
  giveBack(count: number): void {
    this.tokens = Math.min(this.burst, this.tokens + count);
  }

  /**
   * Returns the time in ms until the bucket has `count` tokens, if nobody takes tokens meanwhile. A `count` above the burst counts as a
   * whole burst.
   */
  waitMs(count: number, now: number): number {
    this.refill(now);
    return Math.max(0, Math.ceil(((Math.min(count, this.burst) - this.tokens) * 1_000) / this.perSecond));
  }

  private refill(now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) * this.perSecond) / 1_000);
    this.at = now;
  }
}
