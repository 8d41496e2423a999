import * as fc from 'fast-check';
import { pack, type RoomId, type UserId } from '#libs/protocol';
import type { Change, RoomValue } from '#libs/room';
import { BAD_TEXTS, NOT_PLAIN, nestings, referenceBomb } from '../../../tools/fuzz/src/not-plain.js';
import { packChange, unpackChange, unpackChanges } from './change-codec.js';
import { packCheckpoint, unpackCheckpoint } from './checkpoint.js';
import { unpackEffects, unpackEpilogue } from './epilogue.js';
import { UnreadableError } from './stored-bytes.js';

const change: Change = {
  version: 3,
  at: 1_795_000_000_000,
  patches: [
    { op: 'replace', path: '/board/4', value: 'x' },
    { op: 'remove', path: '/turn' },
  ],
  seats: { 0: { seq: 2, refused: [[1, 'not-your-turn']] } },
  events: [{ name: 'placed', data: { cell: 4 }, to: [0] }],
  timers: { turn: 1_795_000_030_000, old: null },
  effects: [{ name: 'pay', data: 5 }],
  effectsDone: ['0:1:0'],
  ended: { reason: 'finished', result: { winner: 0 } },
};
const value: RoomValue = {
  room: 'r1' as RoomId,
  game: 'tic-tac-toe',
  gameVersion: 1,
  version: 3,
  seats: [{ user: 'u1' as UserId, name: 'Ada', presence: 'here', seq: 2, refused: [[1, 'not-your-turn']] }],
  timers: { turn: 1_795_000_030_000 },
  state: { board: ['x'] },
  outbox: [{ key: '0:1:0', name: 'pay', data: 5 }],
};
const epilogue = {
  epoch: 9,
  round: 0,
  version: 3,
  seats: [{ user: 'u1', seq: 2, refused: [], state: { board: [] } }],
  watched: { board: [] },
  events: [{ version: 3, name: 'placed' }],
  since: -1,
};

/** All functions that read stored bytes, each with valid bytes. */
const READERS: readonly (readonly [name: string, read: (bytes: Uint8Array) => unknown, sound: Uint8Array])[] = [
  ['a checkpoint', unpackCheckpoint, packCheckpoint(value, { since: 0, changes: [{ version: 3, events: change.events }], shown: [0] })],
  ['a change', unpackChange, packChange(change)],
  ['a log', unpackChanges, Buffer.concat([packChange(change), packChange({ version: 4, at: 1, patches: [] })])],
  ['an epilogue', unpackEpilogue, pack(epilogue)],
  ['a list of effects', unpackEffects, pack(value.outbox)],
];

describe.each(READERS)('%s in the store', (_name, read, sound) => {
  it('is readable in the form that servers write', () => {
    expect(() => read(sound)).not.toThrow();
  });

  it.each([['a reference bomb', referenceBomb()] as const, ...NOT_PLAIN.filter((sample) => !BAD_TEXTS.includes(sample)).flatMap(nestings)])(
    'is unreadable when it contains %s',
    (_what, bytes) => {
      expect(() => read(bytes)).toThrow(UnreadableError);
    },
  );

  it.each(
    [0, -1, true, 'text', new Uint8Array(3), [], [[]], [1, 2, 3], [1, 2, [3]], { version: 1 }, { 0: 1, 1: 2, 2: [] }].map((other) => [
      other,
    ]),
  )('is refused or contains only plain values when the stored value is %p', (other) => {
    expect(unreadableOrPlain(() => read(pack(other)))).toBe(true);
  });

  it('is refused or contains only plain values when a byte is modified or the end is missing', () => {
    return fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, to) => {
        const bent = Buffer.from(sound);
        bent[at % bent.length] = to;
        expect(unreadableOrPlain(() => read(bent))).toBe(true);
        expect(unreadableOrPlain(() => read(sound.subarray(0, at % sound.length)))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the error UnreadableError', () => {
  it('names the unreadable data, but contains no stored bytes', () => {
    const secret = 'hunter2'.repeat(1_000);
    for (const [, read] of READERS)
      for (const bytes of [pack({ secret }), Buffer.concat([pack([secret]), Buffer.from([0xc1])])]) {
        const error = thrownBy(() => read(bytes));
        expect(error?.message).toMatch(/^(The|A) [a-z ]+ cannot be read: /);
        expect(error?.message).not.toContain('hunter2');
      }
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

/** Returns whether the read fails with `UnreadableError` or returns a plain value: the types of JSON, and bytes. */
function unreadableOrPlain(read: () => unknown): boolean {
  const error = thrownBy(() => {
    const pending: unknown[] = [read()];
    for (let one = pending.pop(); one !== undefined || pending.length > 0; one = pending.pop()) {
      if (typeof one === 'bigint' || typeof one === 'function' || typeof one === 'symbol') throw new Error(`a ${typeof one}`);
      if (typeof one !== 'object' || one === null || one instanceof Uint8Array) continue;
      if (!Array.isArray(one) && Object.getPrototypeOf(one) !== Object.prototype) throw new Error('another class');
      pending.push(...Object.values(one));
    }
  });
  if (error !== null && !(error instanceof UnreadableError)) throw error;
  return true;
}
