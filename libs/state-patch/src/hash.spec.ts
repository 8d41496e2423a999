import fc from 'fast-check';
import { hashValue } from './hash.js';
import { plainValues, reordered } from './random-values.fixture.js';
import { StatePatchError } from './state-patch-error.js';

/** Reference implementation of MurmurHash3 for whole words, close to its author's code. */
function murmur3(words: readonly number[]): number {
  let hash = 0;
  for (const word of words) {
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    hash ^= k;
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  hash ^= words.length * 4;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

describe('the hash of a value', () => {
  it('is the MurmurHash3 of the words that the specification defines for the value', () => {
    // A known test vector of MurmurHash3: the bytes 0x21 0x43 0x65 0x87.
    expect(murmur3([0x87654321])).toBe(0xf55b516b);
    const keys = murmur3([0x61, 1, 0x62, 1]);
    expect(hashValue({ b: [true, 'x'], a: 1 })).toBe(murmur3([6, keys, 3, 0x3ff00000, 0, 5, 2, 2, 4, 0x78, 1]));
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(plainValues, plainValues, (a, b) => {
        expect(hashValue(reordered(a))).toBe(hashValue(a));
        if (JSON.stringify(a) !== JSON.stringify(b) && hashValue(a) === hashValue(b)) expect(a).toEqual(b);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[unknown, unknown]>([
    [[], {}],
    [[[], []], [[[]]]],
    [['ab'], ['a', 'b']],
    [{ a: 'b' }, { b: 'a' }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [0, false],
    [null, 0],
    ['1', 1],
  ])('differs for %j and %j', (a, b) => {
    expect(hashValue(a)).not.toBe(hashValue(b));
  });

  it('is equal for 0 and -0', () => {
    expect(hashValue([-0])).toBe(hashValue([0]));
  });

  it.each([[undefined], [Number.NaN], [{ a: () => 1 }], ['\ud800']])('cannot be computed for %p', (value) => {
    expect(() => hashValue(value)).toThrow(StatePatchError);
  });
});
