import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { type CompactSync, encodeCompactSync } from '#libs/protocol';
import { encodePatch, encodeValue } from '#libs/state-patch';
import { compact } from './compact.js';

interface Base {
  readonly name: string;
  /** The version of `before`. -1: the client has no state. */
  readonly held: number;
  readonly before: unknown;
  /** The whole frame, in hexadecimal. */
  readonly frame: string;
}

const vectors = JSON.parse(readFileSync(join(process.cwd(), 'conformance/syncs.json'), 'utf8')) as {
  readonly syncs: readonly (Base & { readonly fields: Omit<CompactSync, 'kind'>; readonly after: unknown })[];
  readonly misfits: readonly Base[];
  readonly malformed: readonly { readonly name: string; readonly frame: string }[];
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('a frame in conformance/syncs.json', () => {
  it.each(vectors.syncs.map((vector) => [vector.name, vector] as const))(
    'equals the output of the encoder for %s',
    (_name, { fields, before, frame, after }) => {
      const rest = fields.from === undefined ? { state: encodeValue(after) } : { patch: encodePatch(before, after) };
      expect(hex(encodeCompactSync({ kind: 'compact', ...fields, ...rest }))).toBe(frame);
    },
  );

  it.each(vectors.syncs.map((vector) => [vector.name, vector] as const))(
    'is decoded to the listed fields and the listed next state: %s',
    (_name, { held, before, frame, fields: { hash, ...fields }, after }) => {
      const sync = compact.read(bytesOf(frame));
      expect(sync).toMatchObject({ kind: 'compact', ...fields });
      expect(sync.next(before, held)).toEqual(after);
      expect(hash === undefined || hash > 0).toBe(true);
    },
  );

  it.each(vectors.misfits.map((vector) => [vector.name, vector] as const))(
    'is refused by the decoder for the listed earlier state: %s',
    (_name, misfit) => {
      const { held, before, frame } = misfit;
      const sync = compact.read(bytesOf(frame));
      const unchanged = JSON.stringify(before);
      expect(() => sync.next(before, held)).toThrow();
      expect(JSON.stringify(before)).toBe(unchanged);
    },
  );

  it.each(vectors.malformed.map(({ name, frame }) => [name, frame]))('is refused as malformed: %s', (_name, frame) => {
    expect(() => compact.read(bytesOf(frame))).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('never changes the earlier state object when the client decodes the frame, even with corrupted bytes', () => {
    const frames = [...vectors.syncs, ...vectors.misfits].map(({ before, held, frame }) => ({ before, held, bytes: bytesOf(frame) }));
    return fc.assert(
      fc.property(
        fc.constantFrom(...frames),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (base, edits) => {
          const { before, held } = base;
          const bytes = base.bytes.slice();
          for (const [at, byte] of edits) bytes[1 + (at % (bytes.length - 1))] = byte;
          const unchanged = JSON.stringify(before);
          const after = stateAfter(bytes, before, held);
          if (after instanceof Error) expect(['HoldfastError', 'StatePatchError', 'Error']).toContain(after.name);
          // A state that the client accepts is plain data, and its size is limited by the sizes of the frame and the earlier state.
          else expect(JSON.stringify(after).length).toBeLessThan(100 * (unchanged.length + bytes.length));
          expect(JSON.stringify(before)).toBe(unchanged);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('exists for every optional field', () => {
    const flags = vectors.syncs.flatMap(({ fields }) => Object.keys(fields));
    expect(flags).toEqual(expect.arrayContaining(['from', 'time', 'elapsed', 'hash', 'events', 'missed']));
  });
});

function stateAfter(frame: Uint8Array, before: unknown, held: number): unknown {
  try {
    return compact.read(frame).next(before, held);
  } catch (error) {
    return error;
  }
}
