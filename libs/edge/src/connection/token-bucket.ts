/** So many a second on average, so many at once. Time is given, so that one clock read serves several buckets. */
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

  /** @param now in ms, of any clock that only goes forward. False: too much, nothing is taken. */
  take(count: number, now: number): boolean {
    this.refill(now);
    if (this.tokens < count) return false;
    this.tokens -= count;
    return true;
  }

  /** In how many ms so many can be taken, if nobody takes any until then; more than a burst never can. */
  waitMs(count: number, now: number): number {
    this.refill(now);
    return Math.max(0, Math.ceil(((Math.min(count, this.burst) - this.tokens) * 1_000) / this.perSecond));
  }

  private refill(now: number): void {
    this.tokens = Math.min(this.burst, this.tokens + ((now - this.at) * this.perSecond) / 1_000);
    this.at = now;
  }
}
