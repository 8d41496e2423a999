import { seededRandom } from './seeded-random.js';

function firstOf(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
}

describe('seededRandom', () => {
  it('returns the same numbers for the same seed, and others for another seed', () => {
    expect(firstOf(7, 20)).toEqual(firstOf(7, 20));
    expect(firstOf(8, 20)).not.toEqual(firstOf(7, 20));
  });

  it('returns the numbers of mulberry32, so that a seed in a report stays valid', () => {
    expect(firstOf(1, 3).map((number) => number * 2 ** 32)).toEqual([2693262067, 11749833, 2265367787]);
  });

  it('returns numbers from 0 to below 1 that are spread evenly', () => {
    const counts = new Array<number>(10).fill(0);
    for (const number of firstOf(42, 10_000)) counts[Math.floor(number * 10)] += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
