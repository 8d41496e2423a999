import fc from 'fast-check';
import type { UserId } from '#libs/protocol';
import type { Change } from '#libs/room';
import { packChange, unpackChange, unpackChanges } from './change-codec.js';

const version = fc.nat();
const path = fc.string().map((text) => `/${text}`);
const PROTO = '__proto__';
// MessagePack can encode these values, but a state must not contain them: -0, undefined, and a key that would set a prototype.
const value = fc
  .jsonValue({ depthSize: 'small' })
  .map((any) => JSON.parse(JSON.stringify(any).replaceAll(PROTO, PROTO.slice(2))) as unknown);
const patch = fc.oneof(
  fc.record({ op: fc.constant('remove' as const), path }),
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value }),
);
const seat = fc.record(
  {
    seq: fc.nat(),
    refused: fc.array(fc.tuple(fc.nat(), fc.string()), { maxLength: 3 }),
    presence: fc.constantFrom('here' as const, 'away' as const, 'left' as const),
    input: fc.nat(),
    joined: fc.record(
      {
        user: fc.string().map((user) => user as UserId),
        name: fc.string(),
        bot: fc.constant(true as const),
        claims: fc.record({ rank: fc.nat() }),
        team: fc.nat(),
      },
      { requiredKeys: ['user', 'name'] },
    ),
  },
  { requiredKeys: [] },
);
const parts = {
  version,
  at: fc.nat({ max: 2 ** 42 }),
  seats: fc.dictionary(fc.nat({ max: 9 }).map(String), seat, { maxKeys: 3, noNullPrototype: true }),
  events: fc.array(fc.record({ name: fc.string(), data: value, to: fc.array(fc.nat()) }, { requiredKeys: ['name'] }), { maxLength: 2 }),
  timers: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.nat(), fc.constant(null)), { maxKeys: 2, noNullPrototype: true }),
  effects: fc.array(fc.record({ name: fc.string(), data: value, timer: fc.string() }, { requiredKeys: ['name'] }), { maxLength: 2 }),
  effectsDone: fc.array(fc.string(), { maxLength: 2 }),
  locked: fc.boolean(),
  metadata: fc.constantFrom(null, {}, { level: 3 }),
  ended: fc.record({ reason: fc.constantFrom('finished' as const, 'abandoned' as const) }),
};
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ ...parts, patches: fc.array(patch, { maxLength: 4 }) }, { requiredKeys: ['version', 'at', 'patches'] }),
  fc.record({ ...parts, delta: fc.uint8Array({ maxLength: 300 }) }, { requiredKeys: ['version', 'at', 'delta'] }),
);

describe("the changes in a room's log", () => {
  it('are unchanged after they are written and read', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const log = Buffer.concat(changes.map(packChange));
        expect(unpackChanges(log).changes).toEqual(changes);
        expect(unpackChanges(log).entries.map(unpackChange)).toEqual(changes);
      }),
      { numRuns: 500 },
    );
  });

  it('do not change when the buffer from which they were read is overwritten', () => {
    const log = Buffer.from(packChange({ version: 1, at: 2, delta: Uint8Array.of(1, 0x69, 2) }));
    const read = unpackChange(log);
    log.fill(0);
    expect(read).toEqual({ version: 1, at: 2, delta: Uint8Array.of(1, 0x69, 2) });
  });

  it('do not contain volatile events', () => {
    const flash = { name: 'flash', volatile: true } as const;
    const stored = (events: Change['events']) => unpackChange(packChange({ version: 1, at: 1, patches: [], events })).events;
    expect(stored([flash, { name: 'hit' }, flash])).toEqual([{ name: 'hit' }]);
    expect(stored([flash])).toBeUndefined();
  });

  it('need at most 32 bytes for a move of tic-tac-toe', () => {
    const move = {
      version: 3,
      at: 1_795_000_000_000,
      patches: [{ op: 'replace', path: '/board/4', value: 'x' }],
      seats: { 0: { seq: 2 } },
    };
    expect(packChange(move as Change).length).toBeLessThanOrEqual(32);
  });
});
