import { ObservedAges } from './observed-ages.js';

describe('ObservedAges', () => {
  let at = 0;
  let ages: ObservedAges;
  beforeEach(() => {
    at = 5_000;
    jest.spyOn(performance, 'now').mockImplementation(() => at);
    ages = new ObservedAges();
  });
  afterEach(() => jest.restoreAllMocks());

  it('measures the age of a value from the first round that observed the value', () => {
    expect(ages.ageMs('a', 1)).toBe(0);
    for (let round = 1; round <= 3; round++) {
      ages.nextRound();
      at += 100;
      expect(ages.ageMs('a', 1)).toBe(100 * round);
    }
  });

  it('resets the age of a key to 0 when the value changes', () => {
    for (const key of ['a', 'b']) ages.ageMs(key, 1);
    at += 100;
    expect([ages.ageMs('a', 2), ages.ageMs('b', 1)]).toEqual([0, 100]);
    at += 50;
    expect([ages.ageMs('a', 2), ages.ageMs('b', 1)]).toEqual([50, 150]);
  });

  it('forgets a key that a round did not observe', () => {
    ages.ageMs('a', 1);
    ages.nextRound();
    ages.nextRound();
    at += 100;
    expect(ages.ageMs('a', 1)).toBe(0);
  });
});
