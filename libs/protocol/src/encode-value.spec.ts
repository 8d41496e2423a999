import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { anyPlainValue } from '../test/plain-values.fixture.js';
import { encodeValue } from './encode-value.js';
import { decodeValue, NotPlainError, PLAYER_LIMITS, SERVER_LIMITS } from './plain-value.js';

const decode = (bytes: Uint8Array): unknown => decodeValue(bytes, 0, bytes.length, PLAYER_LIMITS);
const copyOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);
/** The MessagePack library msgpackr, with the options for this dialect. */
const other = {
  encoder: new Packr({ useRecords: false, variableMapSize: true, moreTypes: false, encodeUndefinedAsNil: true, useToJSON: false }),
  decoder: new Unpackr({ useRecords: false, int64AsType: 'number', moreTypes: false, structuredClone: false, copyBuffers: true }),
};

describe('encodeValue', () => {
  it('writes the same bytes as msgpackr', () => {
    return fc.assert(
      fc.property(anyPlainValue, (value) => {
        const bytes = copyOf(encodeValue(value));
        expect(Buffer.compare(bytes, other.encoder.pack(value))).toBe(0);
        expect(decode(bytes)).toEqual(value);
        expect(encodeValue(other.decoder.unpack(Buffer.from(bytes)))).toEqual(bytes);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([0x1f, 0x20, 0xff, 0x100, 0xffff, 0x1_0000])(
    'writes the right header for texts, byte strings, arrays and maps of length %i',
    (length) => {
      const keys = Array.from({ length }, (_, index) => [`${index}`, index]);
      for (const value of ['x'.repeat(length), 'ä'.repeat(length), '€'.repeat(length), '👩'.repeat(length), new Uint8Array(length).fill(7)])
        expect(copyOf(encodeValue({ value }))).toEqual(copyOf(other.encoder.pack({ value })));
      for (const value of [new Array(length).fill(null), Object.fromEntries(keys)]) {
        const bytes = encodeValue(value);
        expect(Buffer.compare(bytes, other.encoder.pack(value))).toBe(0);
        expect(JSON.stringify(decodeValue(bytes, 0, bytes.length, SERVER_LIMITS))).toBe(JSON.stringify(value));
      }
    },
  );

  it.each([
    [0, '00'],
    [-0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65_536, 'ce00010000'],
    [2 ** 31, 'ce80000000'],
    [2 ** 32 - 1, 'ceffffffff'],
    [2 ** 32, 'cb41f0000000000000'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32_769, 'd2ffff7fff'],
    [-(2 ** 31), 'd280000000'],
    [-(2 ** 31) - 1, 'cbc1e0000000200000'],
    [1.5, 'cb3ff8000000000000'],
    [Number.NaN, 'cb7ff8000000000000'],
    [Number.NEGATIVE_INFINITY, 'cbfff0000000000000'],
  ])('writes the number %d as %s', (number, hex) => {
    expect(Buffer.from(encodeValue(number)).toString('hex')).toBe(hex);
  });

  it('writes undefined as nil, and an instance of a class as a map of its own fields', () => {
    class Point {
      readonly x = 1;
      get y(): number {
        return 2;
      }
    }
    const inherits = Object.create({ no: 1 }) as object;
    expect(decode(encodeValue([undefined, { a: undefined }, new Array(1), new Point(), Object.create(null), inherits]))).toEqual([
      null,
      { a: null },
      [null],
      { x: 1 },
      {},
      {},
    ]);
    expect(decode(encodeValue(runInNewContext('({ list: [1, new Uint8Array(2)] })')))).toEqual({ list: [1, new Uint8Array(2)] });
  });

  it('writes keys such as `toJSON` and `constructor` like all other keys', () => {
    const value = { toJSON: 'x', constructor: { name: 'Date' }, valueOf: 1, toString: null, length: 3 };
    expect(decode(encodeValue(value))).toEqual(value);
  });

  it('replaces an unpaired surrogate in a text of any length', () => {
    for (const [text, read] of [
      ['\ud800', '\ufffd'],
      ['a\udc00b', 'a\ufffdb'],
      ['\ud83d\ud83d\udc69', '\ufffd👩'],
    ] as const)
      for (const more of ['', 'x'.repeat(100)])
        expect(decode(encodeValue({ [text + more]: text + more }))).toEqual({ [read + more]: read + more });
  });

  it.each([
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a RegExp', /x/],
    ['a Float32Array', new Float32Array(1)],
    ['a ArrayBuffer', new ArrayBuffer(1)],
    ['a Promise', Promise.resolve()],
    ['a key __proto__', JSON.parse('{"__proto__":1}')],
  ])('refuses %s', (problem, value) => {
    for (const each of [value, [value], { a: { b: value } }]) {
      expect(() => encodeValue(each)).toThrow(NotPlainError);
      expect(() => encodeValue(each)).toThrow(problem);
    }
  });

  it('refuses a cyclic value and a value that is nested too deeply', () => {
    const nested = (depth: number): unknown => {
      let value: unknown = 1;
      for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { a: value };
      return value;
    };
    const bytes = encodeValue(nested(SERVER_LIMITS.depth));
    expect(() => decodeValue(bytes, 0, bytes.length, SERVER_LIMITS)).not.toThrow();
    expect(() => encodeValue(nested(SERVER_LIMITS.depth + 1))).toThrow('nested too deep');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(() => encodeValue(cycle)).toThrow(NotPlainError);
  });

  it('does not change earlier results, even after it has refused a value', () => {
    const large = { text: 'x'.repeat(50_000) };
    const values = Array.from({ length: 2_000 }, (_, index) => (index % 300 === 17 ? large : { index, text: 'y'.repeat(index % 40) }));
    const results = values.map((value, index) => {
      if (index % 7 === 0) expect(() => encodeValue([value, large, () => {}])).toThrow(NotPlainError);
      return encodeValue(value);
    });
    for (const [index, bytes] of results.entries()) expect(decode(bytes)).toEqual(values[index]);
  });

  it('releases the memory of a large result', () => {
    const huge = encodeValue('x'.repeat(3_000_000));
    expect(huge.buffer.byteLength).toBe(huge.length);
    const small = encodeValue({ a: 1 });
    expect(small.buffer.byteLength).toBeLessThanOrEqual(8 * 1024);
  });
});
