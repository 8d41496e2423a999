import type { RoomId, RoomSummary } from '#libs/protocol';
import { LiveRoomList } from './live-room-list.js';

const room = (id: string, players = 1): RoomSummary => ({ id: id as RoomId, game: 'g', name: id, status: 'waiting', players, seats: 2 });
const ids = ({ rooms }: LiveRoomList): string => rooms.map(({ id }) => id).join('');

function listOf(...rooms: RoomSummary[]): LiveRoomList {
  const list = new LiveRoomList(() => {});
  list.subscribed(rooms);
  return list;
}

describe('a list of rooms that is followed', () => {
  it('puts added rooms first, and removes and changes others', () => {
    const list = listOf(room('b'), room('a'));
    const seen = jest.fn();
    list.on('change', seen);
    list.take({ kind: 'rooms', id: 1, added: [room('d'), room('c')], changed: [room('a', 2)], removed: ['b' as RoomId] });
    expect(ids(list)).toBe('dca');
    expect(list.rooms[2]!.players).toBe(2);
    expect(seen).toHaveBeenCalledWith(list.rooms);
  });

  it('has the order that the message gives', () => {
    const list = listOf(room('b'), room('a'));
    list.take({ kind: 'rooms', id: 1, added: [room('c')], order: ['a', 'c', 'b'] as RoomId[] });
    expect(ids(list)).toBe('acb');
  });

  it('is replaced by a whole list', () => {
    const list = listOf(room('b'), room('a'));
    list.take({ kind: 'rooms', id: 1, rooms: [room('x')] });
    expect(ids(list)).toBe('x');
  });

  it('ignores messages of an earlier subscription while the answer is awaited', () => {
    const list = listOf(room('a'));
    list.isPending = true;
    list.take({ kind: 'rooms', id: 1, rooms: [room('x')] });
    expect(ids(list)).toBe('a');
  });
});
