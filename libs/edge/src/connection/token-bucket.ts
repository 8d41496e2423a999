/** Limits a rate and a burst. The caller passes the time, so that one read of the clock serves several buckets. */
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
   * Takes `count` tokens. Returns false, and takes none, when fewer are left.
   *
   * @param now in ms, of any monotonic clock
   */
  take(count: number, now: number): boolean {
    this.refill(now);
    if (this.tokens < count) return false;
    this.tokens -= count;
    return true;
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
