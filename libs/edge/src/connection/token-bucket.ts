/**
 * A token bucket: limits the average rate and the burst of events. The caller passes the time, so that one reading of the clock serves
 * several buckets.
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

  /** Returns tokens to the bucket, because the event for which they were taken did not happen. */
  giveBack(count: number): void {
    this.tokens = Math.min(this.burst, this.tokens + count);
  }

  /**
   * Returns the time in ms until the bucket has `count` tokens, or a full burst if `count` is larger. Assumes that no tokens are taken
   * during this time.
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
