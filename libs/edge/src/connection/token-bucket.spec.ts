import { TokenBucket } from './token-bucket.js';

describe('a token bucket', () => {
  it('gives as many tokens as its burst without a wait, and then gives tokens at its rate', () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 0))).toEqual([true, true, true, false]);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 100)).toBe(true);
    expect([1, 2, 3, 4].map(() => bucket.take(1, 60_000))).toEqual([true, true, true, false]);
  });

  it('returns the time until the requested tokens are available', () => {
    const bucket = new TokenBucket(10, 20, 0);
    expect(bucket.waitMs(20, 0)).toBe(0);
    bucket.take(20, 0);
    expect(bucket.waitMs(5, 0)).toBe(500);
    expect(bucket.waitMs(5, 400)).toBe(100);
    expect(bucket.take(5, 500)).toBe(true);
    // When the count is above the burst, `waitMs` returns the time until the bucket is full.
    expect(bucket.waitMs(100, 500)).toBe(2_000);
  });

  it('gives no tokens when fewer than the requested tokens are available', () => {
    const bucket = new TokenBucket(1, 5, 0);
    expect(bucket.take(6, 0)).toBe(false);
    expect(bucket.take(5, 0)).toBe(true);
  });
});
