import type { RoomId, UserId } from '#libs/protocol';
import { serverId } from '#libs/protocol';
import { type CommandRule, RoomMachine } from '#libs/room';
import { roomDoc } from '../../../../tools/fixtures/room-doc.fixture.js';
import { rulesOf } from '../../../../tools/fixtures/room-rules.fixture.js';
import { HostedRoom } from './hosted-room.js';
import { RoomTime } from './room-time.js';

interface Count {
  count: number;
}

/** Makes a room with two commands: `add` adds one to a count, and `look` records the count of 500 ms ago. */
function roomWithPast() {
  const clock = { ms: 1_000 };
  const time = new RoomTime({ now: () => clock.ms });
  const seen: number[] = [];
  const run = (act: CommandRule<Count>['run']): CommandRule<Count> => ({ validate: (value) => ({ ok: true, value }), run: act });
  const rules = rulesOf<Count>('counter', () => ({ count: 0 }), {
    definition: { seats: { min: 1, max: 1 }, pastMs: 1_000 },
    commands: new Map([
      ['add', run(({ state }) => void Object.assign(state, { count: state.count + 1 }))],
      ['look', run((room) => void seen.push(room.past(500).count))],
    ]),
  });
  const machine = new RoomMachine(rules, time) as RoomMachine;
  const host = 'u0' as UserId;
  const { value } = machine.start('r' as RoomId, [{ user: host, name: 'U0' }]);
  const place = { batch: '', doc: roomDoc({ host, seats: 1, seatsMin: 1 }), rev: 1, start: 's', round: 0 };
  const tenure = { server: serverId('game', 'test'), incarnation: 5, epoch: 1 };
  const hosted = (from = value) => new HostedRoom(machine, tenure, from, place, time);
  let seq = 0;
  const at = (ms: number, room: HostedRoom, name: 'add' | 'look') => {
    clock.ms = ms;
    seq += 1;
    expect(room.handle({ kind: 'command', seat: 0, seq, name, data: null }).kind).toBe('changed');
  };
  return { hosted, at, seen };
}

describe('room.past of a hosted room', () => {
  it('contains the states that this server has computed', () => {
    const { hosted, at, seen } = roomWithPast();
    const room = hosted();
    for (const ms of [1_100, 1_200, 1_300]) at(ms, room, 'add');
    for (const ms of [1_599, 1_700, 1_800, 9_000]) at(ms, room, 'look');
    expect(seen).toEqual([0, 2, 3, 3]);
  });

  it('contains only the loaded state after an adoption', () => {
    const { hosted, at, seen } = roomWithPast();
    const first = hosted();
    for (const ms of [1_100, 1_200, 1_300]) at(ms, first, 'add');
    const second = hosted(first.value);
    at(1_400, second, 'look');
    expect(seen).toEqual([3]);
  });

  it('contains only the durable state after the server has rolled the room back', () => {
    const { hosted, at, seen } = roomWithPast();
    const room = hosted();
    for (const ms of [1_100, 1_200, 1_300]) at(ms, room, 'add');
    room.returnToDurable();
    at(1_700, room, 'look');
    expect(seen).toEqual([0]);
  });
});
