import * as fc from 'fast-check';
import { decodeServerMessage, KIND } from './codec.js';
import { compactHeaderBytes, decodeCompactSync, encodeCompactBody, encodeCompactSync, writeCompactHeader } from './compact-sync.js';
import { HoldfastError } from './errors.js';
import type { CompactSync } from './messages.js';

const u32 = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffff_ffff }));
const bytes = fc.uint8Array({ maxLength: 40 });
const data = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('__proto__'));
const plain = data.map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const syncs: fc.Arbitrary<CompactSync> = fc
  .record(
    {
      kind: fc.constant('compact' as const),
      seq: u32,
      input: u32,
      version: u32,
      isState: fc.boolean(),
      isClock: fc.boolean(),
      age: fc.nat({ max: 500 }),
      ms: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      hash: fc.nat({ max: 0xffff_ffff }),
      rows: fc.array(fc.record({ age: fc.nat({ max: 500 }), name: fc.string(), data: plain }, { requiredKeys: ['age', 'name'] }), {
        minLength: 1,
        maxLength: 4,
      }),
      missed: fc.constant(true),
      rest: bytes,
    },
    { requiredKeys: ['kind', 'seq', 'input', 'version', 'isState', 'isClock', 'age', 'rest'] },
  )
  .map(({ isState, isClock, age, ms, rows, rest, ...fields }) => ({
    ...fields,
    ...(rows && { events: rows.map(({ age: eventAge, ...event }) => ({ version: Math.max(0, fields.version - eventAge), ...event })) }),
    ...(ms !== undefined && (isState || isClock ? { time: ms } : { elapsed: ms })),
    ...(isState ? { state: rest } : { from: Math.max(0, fields.version - age), patch: rest }),
  }));

function isRefusal(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    return error instanceof HoldfastError && error.code === 'bad-frame';
  }
}

describe('a compact sync', () => {
  it('is unchanged after encoding and decoding', () => {
    return fc.assert(
      fc.property(syncs, (sync) => {
        expect(decodeCompactSync(encodeCompactSync(sync))).toEqual(sync);
      }),
    );
  });

  it('is decoded correctly when its body follows the header of any recipient', () => {
    return fc.assert(
      fc.property(syncs, u32, u32, fc.nat({ max: 9 }), (sync, seq, input, at) => {
        const { state, patch, ...fields } = sync;
        const body = encodeCompactBody(fields, (state ?? patch) as Uint8Array);
        const frame = new Uint8Array(at + compactHeaderBytes(seq, input) + body.length);
        const start = writeCompactHeader(frame, at, seq, input);
        expect(start).toBe(frame.length - body.length);
        frame.set(body, start);
        expect(decodeCompactSync(frame.subarray(at))).toEqual({ ...sync, seq, input });
      }),
    );
  });

  it('has at most 11 bytes when it contains only an acknowledgement', () => {
    const sync: CompactSync = {
      kind: 'compact',
      seq: 200,
      input: 9_000,
      version: 100_000,
      from: 99_990,
      elapsed: 50,
      patch: new Uint8Array(0),
    };
    expect(encodeCompactSync(sync)).toHaveLength(11);
    expect(encodeCompactSync({ ...sync, seq: 1, input: 0, version: 2, from: 1, elapsed: undefined })).toHaveLength(6);
  });

  it('is refused as an unknown kind by a client that does not read compact syncs', () => {
    const frame = encodeCompactSync({ kind: 'compact', seq: 1, input: 0, version: 1, from: 0, patch: new Uint8Array(0) });
    expect(frame[0]).toBe(KIND.compact);
    expect(() => decodeServerMessage(frame)).toThrow(expect.objectContaining({ code: 'unknown-kind' }));
  });

  it('is decoded without a copy of its patch', () => {
    const frame = encodeCompactSync({ kind: 'compact', seq: 1, input: 0, version: 2, from: 1, patch: Uint8Array.of(1, 2, 3) });
    expect(decodeCompactSync(frame).patch?.buffer).toBe(frame.buffer);
  });
});

describe('the malformed bytes of a compact sync', () => {
  it.each([
    ['no fields', [], 'ends too early'],
    ['no flags', [0, 0], 'ends too early'],
    ['an unknown flag', [0, 0, 0x82, 1, 0], 'flags that this version does not know'],
    ['neither a state nor a patch', [0, 0, 0, 1], 'either a state or a patch'],
    ['a state and a patch', [0, 0, 3, 1, 0], 'either a state or a patch'],
    ['a seq above 2^32 - 1', [0x80, 0x80, 0x80, 0x80, 0x10, 0, 1, 1], 'above 2^32 - 1'],
    ['a number of nine bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 1, 1], 'too many bytes'],
    ['a number above 2^53 - 1', [0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0], 'too large'],
    ['a base below version 0', [0, 0, 2, 1, 2], 'starts from a version below 0'],
    ['a clock without a time', [0, 0, 0x42, 1, 1], 'flag of a clock'],
    ['a state with the flag of a clock', [0, 0, 0x45, 1, 0, 0, 0, 0, 0, 0, 0, 0], 'flag of a clock'],
    ['half a hash', [0, 0, 9, 1, 0, 0], 'ends too early'],
    ['a time that is NaN', [0, 0, 5, 1, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], 'time is not a finite number'],
    ['more bytes of events than it has', [0, 0, 18, 1, 1, 9, 0x90], 'ends too early'],
    ['events that are no MessagePack', [0, 0, 18, 1, 1, 1, 0xc1], 'not one plain MessagePack value'],
    ['events that are a map', [0, 0, 18, 1, 1, 1, 0x80], 'events are not an array'],
    ['an event that is a number', [0, 0, 18, 1, 1, 2, 0x91, 1], 'an event is not an array'],
    ['an event without a name', [0, 0, 18, 1, 1, 3, 0x91, 0x91, 0], 'an event is not an array of a number'],
    ['an event with four values', [0, 0, 18, 1, 1, 7, 0x91, 0x94, 0, 0xa1, 0x61, 0, 0], 'an event is not an array of a number'],
    ['an event from before version 0', [0, 0, 18, 1, 1, 5, 0x91, 0x92, 2, 0xa1, 0x61], 'an event is not an array of a number'],
  ])('are refused with a reason when the sync has %s', (_case, rest, why) => {
    expect(() => decodeCompactSync(Uint8Array.of(KIND.compact, ...rest))).toThrow(
      expect.objectContaining({ code: 'bad-frame', message: expect.stringContaining(why) as string }),
    );
  });

  it('cause no error other than `bad-frame` when they are a modified or truncated sync', () => {
    return fc.assert(
      fc.property(syncs, fc.nat(), fc.nat({ max: 255 }), (sync, at, byte) => {
        const frame = encodeCompactSync(sync);
        expect(isRefusal(() => decodeCompactSync(frame.subarray(0, 1 + (at % frame.length))))).toBe(true);
        frame[1 + (at % (frame.length - 1))] = byte;
        expect(isRefusal(() => decodeCompactSync(frame))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('cause no error other than `bad-frame` when they are random', () => {
    return fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (rest) => {
        expect(isRefusal(() => decodeCompactSync(Uint8Array.of(KIND.compact, ...rest)))).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });
});
