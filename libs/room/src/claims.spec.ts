import type { RoomId, UserId } from '#libs/protocol';
import { rulesOf } from '../../../tools/fixtures/room-rules.fixture.js';
import { applyChange } from './apply-change.js';
import { RoomMachine } from './room-machine.js';

interface Seen {
  ranks: unknown[];
}

const rules = rulesOf<Seen>('ranked', ({ seats }) => ({ ranks: seats.map(({ claims }) => claims?.rank ?? null) }), {
  definition: { joinable: true, seats: { min: 1, max: 3 } },
  seatEvents: new Map([['joined', (room) => void room.state.ranks.push(room.seats[room.seat]!.claims?.rank ?? null)]]),
});
const machine = new RoomMachine(rules, { now: () => 0, random: () => 0 });
const ada = { user: 'ada' as UserId, name: 'Ada', claims: { rank: 3 } };

describe('the claims of a seat', () => {
  it('are available in the setup', () => {
    const { value } = machine.start('r' as RoomId, [ada, { user: 'bob' as UserId, name: 'Bob' }]);
    expect(value.state.ranks).toEqual([3, null, 3, null]);
    const away = machine.handle(value, { kind: 'seat', seat: 0, event: 'away' });
    if (away.kind !== 'changed') throw new Error('unchanged');
    expect(away.value.seats[0]).toMatchObject({ presence: 'away', claims: { rank: 3 } });
    expect(applyChange(value, away.change)).toEqual(away.value);
  });

  it('are added for a player who joins the running game', () => {
    const { value } = machine.start('r' as RoomId, [ada]);
    const joined = machine.handle(value, {
      kind: 'seat',
      seat: 1,
      event: 'joined',
      user: 'eve' as UserId,
      name: 'Eve',
      claims: { rank: 5 },
    });
    if (joined.kind !== 'changed') throw new Error('unchanged');
    expect(joined.value.state.ranks).toEqual([3, 3, 5]);
    expect(joined.value.seats[1]).toMatchObject({ user: 'eve', claims: { rank: 5 } });
    expect(applyChange(value, joined.change)).toEqual(joined.value);
  });
});
