import fc from 'fast-check';
import { encodePatch } from './patch.js';
import { bytesByPath } from './patch-bytes.js';
import { frozen, plainValues, RandomEdit, reordered, seededBelow } from './random-values.fixture.js';

const measured = (before: unknown, after: unknown) => Object.fromEntries(bytesByPath(before, encodePatch(before, after)));

describe('bytesByPath', () => {
  it('returns the number of bytes for each changed path, with one path for all items of a list', () => {
    const before = { tick: 41, ships: [1, 2, 3].map((x) => ({ x, y: 5 })), name: 'A' };
    const after = { tick: 42, ships: [2, 7, 9].map((x) => ({ x, y: 5 })), name: 'A' };
    expect(measured(before, after)).toEqual({ '': 1, ships: 1, 'ships[]': 2, 'ships[].x': 4, tick: 2 });
  });

  it("adds the bytes of an added or removed child to the child's path", () => {
    expect(measured({ a: { b: 1 } }, { a: { b: 1, cd: 'text' } })).toEqual({ '': 1, a: 2, 'a.cd': 8 });
    expect(measured({ list: [1, 2, 3] }, { list: [1, 3] })).toEqual({ '': 1, list: 1, 'list[]': 1 });
  });

  it('counts the bytes of a replaced root under the root path, and returns nothing for an empty patch', () => {
    expect(measured([1], 'x')).toEqual({ '': 3 });
    expect(measured([1], [1])).toEqual({});
  });

  it('returns byte counts whose sum is the length of the patch, for any two values', () => {
    const check = (before: unknown, after: unknown): void => {
      const patch = encodePatch(before, after);
      const sum = [...bytesByPath(reordered(before), patch).values()].reduce((total, bytes) => total + bytes, 0);
      expect(sum).toBe(patch.length);
    };
    fc.assert(
      fc.property(plainValues, plainValues, fc.integer(), (before, after, seed) => {
        check(frozen(before), frozen(after));
        const random = new RandomEdit(seededBelow(seed), () => after);
        check(frozen(before), frozen(random.edit(before)));
      }),
      { numRuns: 300 },
    );
  });
});
