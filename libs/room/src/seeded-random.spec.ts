import { seededRandom } from './seeded-random.js';

function firstOf(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
}

describe('seededRandom', () => {
  it('returns equal numbers only for equal seeds', () => {
    expect(firstOf(7, 20)).toEqual(firstOf(7, 20));
    expect(firstOf(8, 20)).not.toEqual(firstOf(7, 20));
  });

  it('returns the numbers of the algorithm mulberry32', () => {
    expect(firstOf(1, 3).map((number) => number * 2 ** 32)).toEqual([2693262067, 11749833, 2265367787]);
  });

  it('returns evenly distributed numbers from 0 to below 1', () => {
    const counts = new Array<number>(10).fill(0);
    for (const number of firstOf(42, 10_000)) counts[Math.floor(number * 10)] += 1;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
