import fc from 'fast-check';
import { quantize } from './quantize.js';
import { frozen, numbers, plainValues } from './random-values.fixture.js';

describe('quantize', () => {
  it('rounds only the numbers in changed parts', () => {
    const shared = frozen({ x: 1.23456 });
    const before = frozen({ kept: shared, list: [{ x: 1 }], n: 1 });
    const after = frozen({ kept: shared, list: [{ x: 1.2345 }, { x: -0.001, name: 'a' }], n: 2.005 });
    const next = quantize(before, after, 0.01);
    expect(next).toEqual({ kept: { x: 1.23456 }, list: [{ x: 1.23 }, { x: 0, name: 'a' }], n: 2.01 });
    expect(next.kept).toBe(shared);
  });

  it('returns the old part when the rounded part equals the old part', () => {
    const before = frozen({ a: { x: 1.25 }, b: [1, 2] });
    expect(quantize(before, { a: { x: 1.2500001 }, b: [1.001, 2] }, 0.01)).toBe(before);
    const next = quantize(before, { a: { x: 1.2500001 }, b: [1, 2, 3] }, 0.01);
    expect(next.a).toBe(before.a);
    expect(next.b).toEqual([1, 2, 3]);
  });

  it('returns an object with the added keys and without the removed keys', () => {
    expect(quantize({ a: 1, b: 2 }, { a: 1 }, 1)).toEqual({ a: 1 });
    expect(quantize({ a: 1 }, { a: 1, b: 2.4 }, 1)).toEqual({ a: 1, b: 2 });
  });

  it('returns decimals without a floating-point error, such as exactly 0.3 for 0.3000000001', () => {
    expect(quantize([], [0.3000000001, 1.1, 123.456, 0.07, -2.675], 0.01)).toEqual([0.3, 1.1, 123.46, 0.07, -2.67]);
  });

  it.each([0.01, 0.1, 1, 5, 0.25, 0.3, 1 / 3, 0.0001])('does not change a rounded value again (step %d)', (step) => {
    fc.assert(
      fc.property(plainValues, (value) => {
        const once = quantize(undefined, frozen(value), step);
        expect(quantize(undefined, once, step)).toEqual(once);
      }),
      { numRuns: 100 },
    );
  });

  it('changes a number by at most half a step', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(0.01, 0.5, 3), (value, step) => {
        const next = quantize(0, value, step);
        expect(Math.abs(next - value)).toBeLessThanOrEqual(step / 2 + Math.abs(value) * 1e-12);
        expect(Object.is(next, -0)).toBe(false);
      }),
    );
    expect(quantize([1], [-0], 0.01)).toEqual([0]);
    expect(quantize({ x: 0, y: 1 }, { x: -0, y: 2 }, 0.01)).toEqual({ x: 0, y: 2 });
    expect(quantize([0, 1], [-0, 2], 0.01)).toEqual([0, 2]);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the step %d', (step) => {
    expect(() => quantize(1, 2, step)).toThrow(RangeError);
  });
});
