import { ConsecutiveSightings } from './consecutive-sightings.js';

describe('ConsecutiveSightings', () => {
  it('reports a key that the previous round also contained, but not a key that repeats within one round', () => {
    const seen = new ConsecutiveSightings();
    expect([seen.again('a'), seen.again('a')]).toEqual([false, false]);
    seen.nextRound();
    expect([seen.again('a'), seen.again('b')]).toEqual([true, false]);
  });

  it('forgets a key that a round did not contain', () => {
    const seen = new ConsecutiveSightings();
    seen.again('a');
    seen.nextRound();
    seen.nextRound();
    expect(seen.again('a')).toBe(false);
  });
});
