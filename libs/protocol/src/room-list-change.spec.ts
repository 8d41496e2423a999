import fc from 'fast-check';
import type { RoomId } from './ids.js';
import type { RoomSummary } from './operations.js';
import { applyListChange, listChange } from './room-list-change.js';

const room = fc.record({ id: fc.constantFrom(...'abcdef'), players: fc.nat({ max: 2 }) });
const list = fc
  .uniqueArray(room, { selector: ({ id }) => id })
  .map((rooms): RoomSummary[] =>
    rooms.map(({ id, players }) => ({ id: id as RoomId, game: 'g', name: id, status: 'waiting', players, seats: 2 })),
  );

describe('the change of a list of rooms', () => {
  it('turns the old list of a client into the new list', () => {
    fc.assert(
      fc.property(list, list, (before, after) => {
        const change = listChange(before, after);
        expect(change ? applyListChange(before, change) : before).toEqual(after);
        if (JSON.stringify(before) === JSON.stringify(after)) expect(change).toBeNull();
      }),
    );
  });
});
