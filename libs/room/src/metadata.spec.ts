import type { RoomId, RoomMetadata, UserId } from '#libs/protocol';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { applyChange } from './apply-change.js';
import { RoomMachine } from './room-machine.js';
import type { CommandRule } from './room-rules.js';
import type { RoomValue } from './room-value.js';

const set: CommandRule<object> = {
  validate: (data) => ({ ok: true, value: data }),
  run: (room, data) => room.setMetadata(data as RoomMetadata | null),
};
const rules = rulesOf<object>(
  'levels',
  (room) => {
    room.setMetadata({ level: 1 });
    return {};
  },
  { commands: new Map([['set', set]]) },
);
const machine = new RoomMachine(rules, { now: () => 0, random: () => 0 });
const players = ['ada', 'bob'].map((user) => ({ user: user as UserId, name: user }));
const start = (): RoomValue<object> => machine.start('r' as RoomId, players).value;
const give = (value: RoomValue<object>, data: unknown, seq = 1) =>
  machine.handle(value, { kind: 'command', seat: 0, seq, name: 'set', data });

describe('the metadata of a room', () => {
  it('comes from the setup until a command replaces or removes the metadata', () => {
    let value = start();
    expect(value.metadata).toEqual({ level: 1 });
    for (const [index, data] of [{ score: [1, 2] }, null].entries()) {
      const outcome = give(value, data, index + 1);
      if (outcome.kind !== 'changed') throw new Error(outcome.kind);
      expect(outcome.change.metadata).toEqual(data);
      expect(applyChange(value, outcome.change)).toEqual(outcome.value);
      value = outcome.value;
      expect(value.metadata).toEqual(data ?? undefined);
    }
  });

  it('does not change when a handler does not set the metadata', () => {
    const away = machine.handle(start(), { kind: 'seat', seat: 1, event: 'away' });
    expect(away).toMatchObject({ kind: 'changed', value: { metadata: { level: 1 } } });
  });

  it.each([
    ['a text', 'level 1', /give an object/],
    ['a list', [1], /give an object/],
    ['a date', { at: new Date(0) }, /metadata\.at is a Date/],
    ['more than 1024 bytes', { text: 'ä'.repeat(512) }, /1035 bytes of JSON: at most 1024/],
  ])('is refused when it is %s', (_what, data, message) => {
    const outcome = give(start(), data);
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(String((outcome as { error: unknown }).error)).toMatch(message);
  });
});
