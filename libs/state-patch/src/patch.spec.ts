import fc from 'fast-check';
import { applyPatch, decodeValue, encodePatch, encodeValue } from './patch.js';
import { frozen, plainValues, RandomEdit, reordered, seededBelow } from './random-values.fixture.js';
import { StatePatchError } from './state-patch-error.js';

/** Number of random cases for each property. Set `STATE_PATCH_RUNS` for more. */
const RUNS = Number(process.env.STATE_PATCH_RUNS ?? 300);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('a state patch', () => {
  it('turns any plain value into any other plain value, for any order of keys at the receiver', () => {
    fc.assert(
      fc.property(plainValues, plainValues, (before, after) => {
        const patch = encodePatch(frozen(before), frozen(after));
        expect(applyPatch(before, patch)).toEqual(after);
        expect(applyPatch(frozen(reordered(before)), patch)).toEqual(after);
      }),
      { numRuns: RUNS },
    );
  });

  it('reproduces successive edits at a receiver with a different order of keys', () => {
    fc.assert(
      fc.property(plainValues, fc.array(plainValues, { minLength: 6, maxLength: 6 }), fc.integer(), (first, pool, seed) => {
        const below = seededBelow(seed);
        const random = new RandomEdit(below, () => pool[below(pool.length)]);
        let before = frozen(first);
        let received = frozen(reordered(first));
        for (let step = 0; step < 5; step++) {
          const after = frozen(random.edit(before));
          received = frozen(applyPatch(received, encodePatch(before, after)));
          expect(received).toEqual(after);
          before = after;
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is empty for equal values, even when the values are copies', () => {
    fc.assert(
      fc.property(plainValues, (value) => {
        expect(encodePatch(value, value)).toHaveLength(0);
        if (typeof value === 'object' && value !== null) expect(encodePatch(value, structuredClone(value))).toHaveLength(0);
      }),
      { numRuns: RUNS / 5 },
    );
  });

  it('does not depend on the values that were encoded earlier', () => {
    const before = { cards: [{ suit: 1, rank: 2 }], x: 1.5 };
    const after = {
      cards: [
        { suit: 1, rank: 2 },
        { rank: 3, suit: 2 },
      ],
      x: 1.25,
    };
    const first = hex(encodePatch(before, after));
    encodePatch({ a: 0.001 }, { a: 0.002, cards: [{ suit: 0, rank: 0 }] });
    expect(hex(encodePatch(before, after))).toBe(first);
  });

  it('shares the unchanged parts of the old value with the result', () => {
    const before = frozen({ a: { deep: [1, 2] }, b: [{ x: 1 }, { x: 2 }], c: 'text' });
    const patch = encodePatch(before, { ...before, b: [before.b[0], { x: 3 }], c: 'a long text that replaces the other one' });
    const after = applyPatch<typeof before>(before, patch);
    expect(after.a).toBe(before.a);
    expect(after.b[0]).toBe(before.b[0]);
    patch.fill(0);
    expect(after).toEqual({ a: { deep: [1, 2] }, b: [{ x: 1 }, { x: 3 }], c: 'a long text that replaces the other one' });
  });

  it('contains an edit only once when several neighboring items have this edit', () => {
    const list = (offset: number) => Array.from({ length: 100 }, (_, id) => ({ id, x: id + offset }));
    // Each item needs one byte for its number. The rest of the patch needs ten bytes.
    expect(encodePatch(list(0), list(1)).length).toBeLessThanOrEqual(110);
  });

  it('has few bytes when items with ids move within a list', () => {
    const items = Array.from({ length: 60 }, (_, id) => ({ id, name: `unit ${id}` }));
    const copies = structuredClone(items);
    copies.splice(20, 1);
    copies.splice(40, 0, { id: 99, name: 'new' });
    expect(encodePatch(items, copies).length).toBeLessThan(20);
  });
});

describe('an encoded value', () => {
  it('equals the original value after decoding', () => {
    fc.assert(
      fc.property(plainValues, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(value);
      }),
      { numRuns: RUNS },
    );
  });

  it('contains the keys only once when many objects have equal keys', () => {
    const units = Array.from({ length: 60 }, (_, id) => ({ position: id, health: 100 }));
    expect(encodeValue(units).length).toBeLessThan(60 * 3 + 30);
  });
});

describe('a value that is not plain', () => {
  const deep = Array.from({ length: 600 }).reduce((inner) => [inner], 1 as unknown);
  const circular: unknown[] = [];
  circular.push(circular);

  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['an infinity', Number.NEGATIVE_INFINITY],
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['half of a surrogate pair', 'text \ud800'],
    ['half of a surrogate pair as a key', { '\udc00': 1 }],
    ['a key __proto__', JSON.parse('{"__proto__":1}')],
    ['600 levels', deep],
    ['a value that contains itself', circular],
  ])('is refused by the encoder: %s', (_, bad) => {
    expect(() => encodeValue(bad)).toThrow(StatePatchError);
    for (const [before, after] of [
      [1, bad],
      [{ x: 1.5 }, { x: bad }],
      [{ x: 'text a' }, { x: bad }],
      [[0], [0, bad]],
      [{}, { x: [bad] }],
      [{ x: {} }, { x: bad }],
    ])
      expect(() => encodePatch(before, after)).toThrow(StatePatchError);
  });

  it('does not affect the next patch after its refusal', () => {
    expect(() => encodePatch({ a: [{ b: 1 }] }, { a: [{ b: Number.NaN }] })).toThrow(StatePatchError);
    expect(hex(encodePatch({ x: 1, y: 2 }, { x: 1, y: 3 }))).toBe('016902');
  });

  it('is encoded as 0 when the value is -0', () => {
    expect(decodeValue(encodeValue([-0]))).toEqual([0]);
    expect(applyPatch([1.5], encodePatch([1.5], [-0]))).toEqual([0]);
  });
});
