import type { RoomId } from '#libs/protocol';
import type { RoomRecords } from '#libs/room-store';
import { ListedRooms } from './listed-rooms.js';

describe('the cached lists of public rooms', () => {
  it('never reuse the version number of an earlier list', async () => {
    let digest = 'before';
    const records = {
      listed: async (game: string) => (game === 'go' ? [{ room: 'r' as RoomId, createdAt: 1 }] : []),
      readListDigests: async (ids: readonly RoomId[]) => ids.map(() => digest),
      readListed: async (ids: readonly RoomId[]) =>
        ids.map((id) => ({ id, game: 'go', status: 'waiting', doc: { name: digest, members: [], seats: 2 } })),
    };
    const rooms = new ListedRooms(records as unknown as RoomRecords);
    const before = await rooms.list('go');
    // The lobby keeps a limited number of lists in memory. So requests for the lists of many other games, even of unknown games, remove the
    // list of this game from memory.
    for (let other = 0; other < 64; other++) await rooms.list(`other-${other}`);
    digest = 'after';
    const after = await rooms.list('go');
    expect(after.rooms[0]?.summary.name).toBe('after');
    expect(after.version).not.toBe(before.version);
  });
});
