import fc from 'fast-check';
import { applyPatch, decodeValue, encodePatch } from './patch.js';
import { frozen, plainValues, seededBelow } from './random-values.fixture.js';
import { StatePatchError } from './state-patch-error.js';

const RUNS = Number(process.env.STATE_PATCH_RUNS ?? 300);
/** Time limit for one message, in ms. The slowest message takes much less. Only an endless or exponential loop exceeds the limit. */
const LIMIT_MS = 5_000;

/** Returns the size of a value: the number of all nested values, including the value itself, plus the characters of all strings. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 1 + value.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + sizeOf(part), 1);
}

/** Applies any bytes. Expects a refusal, or a value that is not larger than the old value and the message together. */
function attack(before: unknown, bytes: Uint8Array): void {
  const startedAt = performance.now();
  try {
    const after = applyPatch(before, bytes);
    expect(sizeOf(after)).toBeLessThanOrEqual(sizeOf(before) + bytes.length);
  } catch (error) {
    if (!(error instanceof StatePatchError)) throw error;
  }
  expect(performance.now() - startedAt).toBeLessThan(LIMIT_MS);
}

describe('hostile bytes of a patch', () => {
  it('are refused or produce a value of limited size when they are random, modified or made for a different value', () => {
    const modifications = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(plainValues, plainValues, fc.uint8Array({ maxLength: 40 }), modifications, fc.nat(), (a, b, noise, changes, cut) => {
        frozen(a);
        attack(a, noise);
        attack(a, Uint8Array.of(Math.max(1, noise.length >> 1), ...noise));
        const patch = encodePatch(a, b);
        const modified = patch.slice();
        if (patch.length > 0) for (const [at, byte] of changes) modified[at % patch.length] = byte;
        attack(a, modified);
        attack(b, patch);
        attack(a, patch.slice(0, cut % (patch.length + 1)));
      }),
      { numRuns: RUNS },
    );
  });

  it('are refused or produce a value of limited size when the old value is a large table', () => {
    const table = frozen(Array.from({ length: 200 }, (_, id) => ({ id, list: [1, 2, 3], isOn: true })));
    const below = seededBelow(7);
    for (let round = 0; round < 5 * RUNS; round++) {
      const bytes = Uint8Array.from({ length: 2 + (round % 30) }, () => below(256));
      bytes[0] = 1 + below(bytes.length);
      attack(table, bytes);
    }
  });

  it.each<[string, unknown, number[]]>([
    ['operations beyond the end', [1], [0x05, 0x60]],
    ['operations without an end', [1], [0x01, 0x60, 0x02]],
    ['operations that are left over', [1], [0x02, 0x68, 0x60, 0x02]],
    ['values that are left over', [1], [0x01, 0x68, 0x02, 0x02]],
    ['a missing value', [1], [0x01, 0x68]],
    ['an unknown operation', [1], [0x01, 0xf8, 0x02]],
    ['an unknown tag', [1], [0x00, 0xff]],
    ['a decimal without digits', [1], [0x00, 0xf0, 0x02]],
    ['a run before any operation', [1], [0x01, 0x58]],
    ['a repetition before any edit', [[1]], [0x01, 0x48, 0x02]],
    ['an edit of a number as a list', [1], [0x02, 0x08, 0x68, 0x02]],
    ['an item beyond the end', [1], [0x01, 0x69, 0x02]],
    ['an insertion beyond the end', [1], [0x01, 0x2a, 0x02]],
    ['a key beyond the end', { x: 1 }, [0x01, 0x69, 0x02]],
    ['a run beyond the end', [1, 1], [0x03, 0x60, 0x5f, 0x7f, 0x02]],
    ['a gap of 2^53', [1], [0x09, 0x6f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x02]],
    ['a number that is added to a text', ['1'], [0x01, 0x68, 0x02]],
    ['a negation of a number', [1], [0x01, 0xe8]],
    ['a splice of a number', [1], [0x01, 0xd8, 0x00, 0x00, 0x80]],
    ['a splice that keeps too much', ['text'], [0x01, 0xd8, 0x03, 0x02, 0x80]],
    ['a splice that keeps a character of two bytes', ['été'], [0x01, 0xd8, 0x01, 0x00, 0x80]],
    ['a key that is already there', { x: 1 }, [0x01, 0x28, 0x81, 0x78, 0x02]],
    ['a key that is added twice', {}, [0x02, 0x20, 0x58, 0x81, 0x78, 0x02, 0x81, 0x78, 0x02]],
    ['an added key __proto__', {}, [0x01, 0x28, 0x89, ...Buffer.from('__proto__'), 0xc0]],
    ['an object with a key __proto__', {}, [0x00, 0xc1, 0x89, ...Buffer.from('__proto__'), 0xc0]],
    ['keys that are not sorted', {}, [0x00, 0xc2, 0x81, 0x79, 0x81, 0x78, 0x01, 0x01]],
    ['a key that is there twice', {}, [0x00, 0xc2, 0x81, 0x78, 0x81, 0x78, 0x01, 0x01]],
    ['a key that is a number', {}, [0x00, 0xc1, 0x01, 0x01]],
    ['an unknown key list', {}, [0x00, 0xd0]],
    ['an object like a number', 1, [0x00, 0xeb]],
    ['half of a surrogate pair', 1, [0x00, 0x83, 0xed, 0xa0, 0x80]],
    ['a string that is not UTF-8', 1, [0x00, 0x81, 0xff]],
    ['a NaN', 1, [0x00, 0xe6, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ['an infinity as float32', 1, [0x00, 0xe5, 0x7f, 0x80, 0, 0]],
    ['a -0', 1, [0x00, 0xe5, 0x80, 0, 0, 0]],
    ['steps to an infinity', [Number.MAX_VALUE], [0x01, 0xc8, 0x02]],
    ['a list of 2^32 items', [], [0x00, 0xe8, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['an object of 2^32 keys', [], [0x00, 0xe9, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['an integer of 2^53', 1, [0x00, 0xe3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['an integer without an end', 1, [0x00, 0xe3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['501 levels', null, [0x00, ...Array<number>(501).fill(0xa1), 0x01]],
    ['5,000 levels', null, [0x00, ...Array<number>(5_000).fill(0xa1), 0x01]],
  ])('are refused: %s', (_, before, bytes) => {
    expect(() => applyPatch(frozen(before), Uint8Array.from(bytes))).toThrow(StatePatchError);
  });

  it('are refused before memory is allocated when they announce too many items', () => {
    const half = [0x80, 0x80, 0x40];
    for (const bytes of [
      [0x00, 0xe8, ...half, 0x01],
      [0x00, 0xe9, ...half, 0x80],
      [0x00, 0xa2, 0xc2, 0x81, 0x61, 0x81, 0x62, 0x01, 0x02, 0xd0, 0x01],
    ])
      expect(() => applyPatch(null, Uint8Array.from(bytes))).toThrow('a count exceeds the bytes that remain');
  });

  it('are refused when they are decoded as a whole value', () => {
    for (const bytes of [[], [0x01, 0x01], [0xa1], [0xeb], [0xe8, 0xff, 0xff, 0x7f]])
      expect(() => decodeValue(Uint8Array.from(bytes))).toThrow(StatePatchError);
  });

  it('do not affect the next patch', () => {
    expect(() => applyPatch([1], Uint8Array.of(0x00, 0xc1, 0x81, 0x78, 0xff))).toThrow(StatePatchError);
    expect(applyPatch({ x: 1, y: 2 }, Uint8Array.of(0x01, 0x69, 0x02))).toEqual({ x: 1, y: 3 });
  });
});
