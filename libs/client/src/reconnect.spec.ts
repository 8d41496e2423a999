import { RECONNECT_DEFAULTS, retryDelayMs } from './reconnect.js';

describe('the delay before an attempt to reconnect', () => {
  it('is 50 to 100 ms in the first round through the gateways, and doubles with each round up to a maximum', () => {
    const range = (attempt: number): number[] => [0, 1].map((random) => retryDelayMs(attempt, 2, RECONNECT_DEFAULTS, () => random));
    expect([0, 1, 2, 3, 4].map(range)).toEqual([
      [50, 100],
      [50, 100],
      [100, 200],
      [100, 200],
      [200, 400],
    ]);
    expect(range(10_000)).toEqual([2_500, 5_000]);
  });
});
