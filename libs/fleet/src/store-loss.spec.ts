import { countWriting } from './store-loss.js';

describe('countWriting', () => {
  it('counts the servers that write while this one has not for some time', () => {
    expect(countWriting(3_000, [200, 900, 1_200])).toBe(3);
    expect(countWriting(Number.POSITIVE_INFINITY, [100])).toBe(1);
  });

  it('counts no server in an outage for all, in which the last writes differ by up to a second', () => {
    for (const ms of [0, 500, 1_000, 1_900, 3_000]) expect(countWriting(ms + 1_000, [ms, ms + 300, ms + 700, ms + 1_000])).toBe(0);
  });

  it('counts no server that has never written, or whose last write is old', () => {
    expect(countWriting(10_000, [null, 2_500])).toBe(0);
  });
});
