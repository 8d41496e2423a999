import * as fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { BAD_TEXTS, NOT_PLAIN, nestings, referenceBomb } from '../../../tools/fuzz/src/not-plain.js';
import { anyPlainValue } from '../test/plain-values.fixture.js';
import { decodePlayerMessage, decodeServerMessage, KIND } from './codec.js';
import { pack, unpack, unpackEach } from './pack.js';
import { decodeValue, decodeValues, NotPlainError, PLAYER_LIMITS, type ReadLimits, SERVER_LIMITS } from './plain-value.js';

const decode = (bytes: Uint8Array, limits: ReadLimits = PLAYER_LIMITS): unknown => decodeValue(bytes, 0, bytes.length, limits);
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** The decoder of msgpackr. For plain values it must return the same value as the decoder under test. */
const library = new Unpackr({ useRecords: false, int64AsType: 'number', moreTypes: false, structuredClone: false, copyBuffers: true });

describe('a plain value', () => {
  it('is unchanged after encoding and decoding', () => {
    return fc.assert(
      fc.property(anyPlainValue, (value) => {
        expect(decode(pack(value))).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['positive fixint', '7f', 127],
    ['negative fixint', 'e0', -32],
    ['uint 8', 'cc ff', 255],
    ['uint 16', 'cd ff ff', 65_535],
    ['uint 32', 'ce ff ff ff ff', 4_294_967_295],
    ['uint 64', 'cf 00 1f ff ff ff ff ff ff', 2 ** 53 - 1],
    ['int 8', 'd0 80', -128],
    ['int 16', 'd1 80 00', -32_768],
    ['int 32', 'd2 80 00 00 00', -2_147_483_648],
    ['int 64', 'd3 ff e0 00 00 00 00 00 01', -(2 ** 53) + 1],
    ['int 64, positive', 'd3 00 00 00 00 00 00 00 07', 7],
    ['float 32', 'ca 3f c0 00 00', 1.5],
    ['float 64', 'cb 43 50 00 00 00 00 00 00', 2 ** 54],
    ['str 8', 'd9 01 61', 'a'],
    ['str 16', 'da 00 01 61', 'a'],
    ['str 32', 'db 00 00 00 01 61', 'a'],
    ['bin 8', 'c4 01 61', Uint8Array.of(0x61)],
    ['bin 16', 'c5 00 01 61', Uint8Array.of(0x61)],
    ['bin 32', 'c6 00 00 00 01 61', Uint8Array.of(0x61)],
    ['array 16', 'dc 00 01 61', [0x61]],
    ['array 32', 'dd 00 00 00 01 61', [0x61]],
    ['map 16', 'de 00 01 a1 61 01', { a: 1 }],
    ['map 32', 'df 00 00 00 01 d9 01 61 01', { a: 1 }],
    ['a text that begins with a byte order mark', 'a4 ef bb bf 61', '\ufeffa'],
  ])('is decoded from the form %s', (_name, hex, value) => {
    expect(decode(bytesOf(hex))).toEqual(value);
  });

  it('keeps a byte order mark at the start of a long text', () => {
    const text = `\ufeff${'x'.repeat(300)}`;
    expect(decode(pack(text))).toBe(text);
  });

  it.each([
    [{ constructor: 0, toJSON: 'x' }],
    [{ constructor: 'Map', size: 3, entries: 1 }],
    [{ constructor: { name: 'Date' }, toISOString: 1 }],
    [{ hasOwnProperty: null, toString: 1, valueOf: 2 }],
    [[{ length: 2, constructor: 'Array' }]],
  ])('can have the names of JavaScript properties as keys: %j', (value) => {
    expect(JSON.stringify(decode(pack(value)))).toBe(JSON.stringify(value));
  });

  it('has the last value of a repeated key, like the result of JSON.parse', () => {
    expect(decode(bytesOf('82 a1 61 01 a1 61 02'))).toEqual({ a: 2 });
    expect(JSON.parse('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  it('does not change when the buffer of its frame is overwritten', () => {
    const frame = bytesOf('c4 02 01 02');
    const value = decode(frame);
    frame.fill(0xff);
    expect(value).toEqual(Uint8Array.of(1, 2));
  });

  it("contains the right texts even when two texts have the same position in the decoder's cache", () => {
    for (const text of ['abcdefg', 'aXcdYfg', 'abcdefg']) expect(decode(pack({ [text]: text }))).toEqual({ [text]: text });
  });
});

describe('the decoder of plain values', () => {
  it.each(NOT_PLAIN.flatMap(nestings))('refuses %s', (_name, bytes) => {
    expect(() => decode(bytes)).toThrow(NotPlainError);
  });

  it.each(NOT_PLAIN)('refuses, with `bad-frame`, a hello, a request and a command that contain %s', (_name, bytes) => {
    const text = [1, 0x6d];
    for (const head of [[KIND.hello], [KIND.request, 0, 0, 0, 1, ...text], [KIND.command, 0, 0, 0, 1, 0, 0, 0, 0, ...text]])
      expect(() => decodePlayerMessage(Buffer.concat([Buffer.from(head), bytes]))).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it.each(NOT_PLAIN.filter((sample) => !BAD_TEXTS.includes(sample) && !sample[0].includes('513')))(
    'refuses %s in a message from a server',
    (_name, bytes) => {
      expect(() => unpack(bytes)).toThrow(NotPlainError);
      expect(() => decodeServerMessage(Buffer.concat([Buffer.from([KIND.placed]), bytes]))).toThrow(
        expect.objectContaining({ code: 'bad-frame' }),
      );
    },
  );

  it('refuses a small frame whose extension types expand to a huge value, at the first extension type', () => {
    const bomb = referenceBomb();
    expect(bomb.length).toBeLessThan(700);
    const startedAt = performance.now();
    for (let time = 0; time < 100; time++) expect(() => decode(bomb)).toThrow('an extension type, which is never allowed at byte 3');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('replaces invalid UTF-8 in a text from a server', () => {
    for (const [, bytes] of BAD_TEXTS) expect(JSON.stringify(unpack(bytes))).toContain('\ufffd');
  });

  it('refuses too many values before it allocates memory for them', () => {
    const limits = { nodes: 5, depth: 4, strictText: true };
    expect(decode(bytesOf('92 91 01 82 a1 61 01'.replace('82', '81')), limits)).toEqual([[1], { a: 1 }]);
    expect(() => decode(bytesOf('92 91 01 82 a1 61 01 a1 62 01'), limits)).toThrow('too many values');
    const wide = Buffer.concat([bytesOf('dd 00 01 00 00'), Buffer.alloc(65_536, 0xc0)]);
    expect(() => decode(wide)).toThrow('too many values at byte 5');
    wide.writeUInt32BE(65_535, 1);
    expect(decode(wide.subarray(0, -1))).toHaveLength(65_535);
  });

  it('decodes values up to the maximum depth that servers may write', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.from('81a16191'.repeat(depth / 2), 'hex'), Buffer.from([1])]);
    expect(() => unpack(nested(SERVER_LIMITS.depth))).not.toThrow();
    expect(() => unpack(nested(SERVER_LIMITS.depth + 2))).toThrow('nested too deep');
  });

  it('decodes bytes to the value that msgpackr returns', () => {
    const bend = fc.record({ at: fc.nat(), to: fc.nat(255) });
    return fc.assert(
      fc.property(anyPlainValue, fc.array(bend, { maxLength: 4 }), (value, bends) => {
        const bytes = Buffer.from(pack(value));
        for (const { at, to } of bends) bytes[at % bytes.length] = to;
        let read: unknown;
        try {
          read = decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(NotPlainError);
          return;
        }
        expect(read).toEqual(plainBytes(library.unpack(Buffer.from(bytes))));
      }),
      { numRuns: 3_000 },
    );
  });

  it('reports the offset of an error, but none of the bytes', () => {
    const secret = pack({ password: 'hunter2', __proto: 1 });
    const error = thrownBy(() => decode(Buffer.concat([secret, Buffer.alloc(100_000)])));
    expect(error?.message).toBe(`more bytes than one value at byte ${secret.length}`);
  });
});

describe('a series of plain values', () => {
  it('is decoded one value at a time, with the start and the end of each value', () => {
    const values = [1, 'two', { three: [3] }, false, null];
    const bytes = Buffer.concat(values.map((value) => pack(value)));
    const read: unknown[] = [];
    unpackEach(bytes, (value, start, end) => {
      expect(unpack(bytes.subarray(start, end))).toEqual(value);
      read.push(value);
    });
    expect(read).toEqual(values);
  });

  it('has limits that apply to each value separately', () => {
    const limits = { nodes: 3, depth: 1, strictText: true };
    expect(() => decodeValues(bytesOf('92 01 02 92 01 02'), limits, () => {})).not.toThrow();
    expect(() => decodeValues(bytesOf('92 01 02 93 01 02 03'), limits, () => {})).toThrow('too many values');
    expect(() => decodeValues(bytesOf('92 01 02 c1'), limits, () => {})).toThrow('a byte without a meaning at byte 3');
  });
});

function thrownBy(act: () => unknown): Error | null {
  try {
    act();
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** The library decodes byte strings to Buffers. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainBytes(item)]));
}
