import * as fc from 'fast-check';
import { pack, type RoomId, type UserId } from '#libs/protocol';
import type { Change, RoomValue } from '#libs/room';
import {
  packChange,
  packCheckpoint,
  UnreadableError,
  unpackChanges,
  unpackCheckpoint,
  unpackEffects,
  unpackEpilogue,
} from '#libs/room-store';
import { bentBytes, packed, value } from './hostile.js';
import { assertPlainTree } from './plain-tree.js';
import { DECODER_MS_MAX, Finding, type Target } from './target.js';
import { wildBytes } from './wild-bytes.js';

interface Case {
  readonly what: (typeof WHAT)[number];
  readonly bytes: Buffer;
}

const WHAT = ['checkpoint', 'log', 'epilogue', 'effects'] as const;
const READ = { checkpoint: unpackCheckpoint, log: unpackChanges, epilogue: unpackEpilogue, effects: unpackEffects } as const;

const change: Change = {
  version: 3,
  at: 1_795_000_000_000,
  patches: [{ op: 'replace', path: '/board/4', value: { a: ['x'] } }],
  seats: { 0: { seq: 2, refused: [[1, 'not-your-turn']] } },
  events: [{ name: 'placed', data: { cell: 4 }, to: [0] }],
  timers: { turn: 1_795_000_030_000 },
  effects: [{ name: 'pay', data: 5 }],
  effectsDone: ['0:1:0'],
  ended: { reason: 'finished' },
};
const room: RoomValue = {
  room: 'r1' as RoomId,
  game: 'tic-tac-toe',
  gameVersion: 1,
  version: 3,
  seats: [{ user: 'u1' as UserId, name: 'Ada', presence: 'here', seq: 2, refused: [[1, 'not-your-turn']] }],
  timers: { turn: 1 },
  state: { board: [] },
  outbox: [{ key: '0:1:0', name: 'pay', data: 5 }],
};
const SOUND: Readonly<Record<Case['what'], Uint8Array>> = {
  checkpoint: packCheckpoint(room, { since: 0, changes: [{ version: 3, events: change.events }], shown: [0] }),
  log: Buffer.concat([packChange(change), packChange({ version: 4, at: 5, patches: [] })]),
  epilogue: pack({
    epoch: 1,
    round: 0,
    version: 3,
    since: 0,
    watched: {},
    events: [],
    seats: [{ user: 'u', seq: 1, refused: [], state: {} }],
  }),
  effects: pack(room.outbox),
};

/** Returns the target that reads the data of a room, as if a disk or another program had corrupted this data in Redis. */
export function stored(): Target<Case> {
  return {
    name: 'data in Redis',
    share: 15,
    msMax: DECODER_MS_MAX,
    cases: fc.constantFrom(...WHAT).chain((what) =>
      fc.record({
        what: fc.constant(what),
        bytes: fc.oneof(
          bentBytes(fc.constant(Buffer.from(SOUND[what]))),
          // Replaces one byte of valid data by hostile bytes.
          fc.tuple(fc.constant(SOUND[what]), wildBytes, fc.nat()).map(([sound, wild, at]) => {
            const cut = at % sound.length;
            return Buffer.concat([sound.subarray(0, cut), wild, sound.subarray(cut + 1)]);
          }),
          wildBytes,
          packed,
          value.map((state) => Buffer.from(packCheckpoint({ ...room, state: plainOr(state) }, null))),
        ),
      }),
    ),
    check({ what, bytes }) {
      let read: unknown;
      try {
        read = READ[what](bytes);
      } catch (error) {
        if (!(error instanceof UnreadableError)) throw error;
        if (error.message.length > 300) throw new Finding(`an error of ${error.message.length} characters`);
        return;
      }
      if (what === 'log') read = (read as ReturnType<typeof unpackChanges>).changes;
      assertPlainTree(read);
    },
  };
}

/**
 * Returns the state, or null if it cannot be packed. A game cannot store a state that cannot be packed, so this target does not need one.
 */
function plainOr(state: unknown): unknown {
  try {
    pack(state);
    return state;
  } catch {
    return null;
  }
}
