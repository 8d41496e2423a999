import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyPatches, decodeCompactSync, decodePlayerMessage, decodeServerMessage, KIND, type Patch, type Sync } from '#libs/protocol';
import { applyPatch, decodeValue } from '#libs/state-patch';
import { makeVectors, type Vectors } from './vectors.js';

const FOLDER = join(process.cwd(), 'conformance');
const page = readFileSync(join(process.cwd(), 'docs/protocol.md'), 'utf8');
const read = <Name extends keyof Vectors>(name: Name): Vectors[Name] =>
  JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Vectors[Name];
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('the vectors in conformance/', () => {
  it.each(['frames.json', 'patches.json', 'syncs.json', 'sessions.json'] as const)(
    'equal the output of the codecs: %s (`npm run conformance -- --vectors conformance` writes the file)',
    (name) => {
      // Converts both values to JSON before the comparison, because JSON has no undefined.
      expect(read(name)).toEqual(JSON.parse(JSON.stringify(makeVectors(FOLDER, page)[name])));
    },
  );

  it('contain a frame of every kind of message', () => {
    const { fromPlayer, toPlayer } = read('frames.json');
    const kinds = new Set([...fromPlayer, ...toPlayer].map(({ message }) => message.kind));
    expect(kinds).toEqual(new Set(Object.keys(KIND)));
  });

  it('contain frames that the decoders decode to the given messages', () => {
    const { fromPlayer, toPlayer } = read('frames.json');
    for (const { message, frame } of fromPlayer) expect(decodePlayerMessage(bytesOf(frame))).toEqual(message);
    for (const { message, frame } of toPlayer) if (message.kind !== 'compact') expect(decodeServerMessage(bytesOf(frame))).toEqual(message);
  });

  it('contain malformed frames that the decoder refuses', () => {
    const accepted = read('frames.json').malformed.filter(({ frame }) => codeOf(() => decodeServerMessage(bytesOf(frame))) !== 'bad-frame');
    expect(accepted).toEqual([]);
  });

  it.each(read('sessions.json').sessions.map((session) => [session.name, session] as const))(
    'contain, in %s, the states that a client computes from the frames',
    (_name, { steps }) => {
      let state: unknown;
      let states = 0;
      for (const step of steps) {
        if ('toPlayer' in step) state = stateAfter(state, bytesOf(step.frame));
        else if ('state' in step) {
          expect(state).toEqual(step.state);
          states += 1;
        }
      }
      expect(states).toBeGreaterThan(0);
    },
  );
});

function stateAfter(before: unknown, frame: Uint8Array): unknown {
  if (frame[0] === KIND.compact) {
    const { state, patch } = decodeCompactSync(frame);
    return state ? decodeValue(state) : applyPatch(before, patch!);
  }
  if (frame[0] !== KIND.sync) return before;
  const { state, patches } = decodeServerMessage(frame) as Sync;
  return patches ? applyPatches(before, patches as Patch[]) : state;
}

function codeOf(decode: () => unknown): string | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
