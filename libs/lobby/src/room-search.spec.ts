import { randomUUID } from 'node:crypto';
import type { RoomId, RoomListQuery } from '#libs/protocol';
import { RoomRecords } from '#libs/room-store';
import { ListedRooms } from './listed-rooms.js';
import type { LobbyOptions } from './lobby.options.js';
import { RoomSearch } from './room-search.js';

const ROOMS = 1_600;

/**
 * An index of many public rooms, sorted from the newest to the oldest. Rooms with an even number are called `even`, and the oldest room is
 * called `oldest`.
 */
class ManyRooms implements Pick<RoomRecords, 'listed' | 'readListed' | 'readListDigests'> {
  readonly reads: number[] = [];
  private readonly entries = Array.from({ length: ROOMS }, (_, age) => ({
    room: `r-${String(ROOMS - age).padStart(5, '0')}` as RoomId,
    createdAt: 1_000_000 - Math.floor(age / 3),
  }));

  add(room: string): void {
    this.entries.unshift({ room: room as RoomId, createdAt: 2_000_000 });
  }

  async listed(_game: string | undefined, after: { room: RoomId; createdAt: number } | null, limit: number) {
    const isAfter = (at: { room: RoomId; createdAt: number }) =>
      after === null || at.createdAt < after.createdAt || (at.createdAt === after.createdAt && at.room < after.room);
    return this.entries.filter(isAfter).slice(0, limit);
  }

  async readListDigests(ids: readonly RoomId[]) {
    return ids.map(() => '1');
  }

  async readListed(ids: readonly RoomId[]) {
    this.reads.push(ids.length);
    return ids.map((id) => ({ id, game: 'go', status: 'waiting', doc: { name: nameOf(id), members: [], seats: 2 } })) as never;
  }
}

const nameOf = (id: string): string => (id === 'r-00001' ? 'oldest' : Number(id.slice(2)) % 2 === 0 ? 'even' : 'odd');

function start() {
  const records = new ManyRooms();
  const options = { roomsListedMax: 100 } as LobbyOptions;
  const search = new RoomSearch(new ListedRooms(records as unknown as RoomRecords), options);
  const all = async (query: Omit<RoomListQuery, 'game'>, between = () => {}): Promise<string[]> => {
    const ids: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 100; pages++) {
      const { rooms, next } = await search.page({ game: 'go', ...query }, cursor);
      ids.push(...rooms.map(({ id }) => id));
      if (next === undefined) return ids;
      cursor = next;
      between();
    }
    throw new Error('the pages do not end');
  };
  return { records, search, all };
}

describe('a query of more rooms than the cached list contains', () => {
  it('finds a room at the end of the index of rooms', async () => {
    const { all } = start();
    expect(await all({ filter: { name: 'oldest' } })).toEqual(['r-00001']);
  });

  it('returns each room once, newest first', async () => {
    const { all } = start();
    const found = await all({ filter: { name: 'even' } });
    expect(found).toHaveLength(ROOMS / 2);
    expect(found).toEqual([...new Set(found)].sort().reverse());
  });

  it('returns each room once when new rooms are created between the pages', async () => {
    const { all, records } = start();
    const found = await all({ filter: { name: 'even' } }, () => records.add(`z-${randomUUID()}`));
    expect(found).toEqual([...new Set(found)].sort().reverse());
    expect(found).toHaveLength(ROOMS / 2);
  });

  it('returns each room once in a sorted result', async () => {
    const { all } = start();
    const found = await all({ sort: { by: 'name' } });
    expect(found).toHaveLength(ROOMS);
    expect(new Set(found).size).toBe(ROOMS);
  });

  it('reads at most 250 rooms beyond the cached list per request', async () => {
    const { all, records } = start();
    await all({ filter: { name: 'oldest' } });
    expect(records.reads).toEqual([1_000, 250, 250, 100]);
  });

  it.each(['x', Buffer.from('[null]').toString('base64url'), Buffer.from('[null,"1",2]').toString('base64url')])(
    'refuses %j as a cursor',
    async (cursor) => {
      await expect(start().search.page({ game: 'go', filter: { name: 'even' } }, cursor)).rejects.toMatchObject({ code: 'bad-data' });
    },
  );
});

describe('the lists of rooms that sessions follow', () => {
  afterEach(() => jest.restoreAllMocks());

  it('contain the same rooms as the first page of a query', async () => {
    const { search } = start();
    const queries: RoomListQuery[] = [
      { game: 'go', filter: { name: 'even' } },
      { game: 'go', filter: { name: 'even' }, limit: 5 },
      { game: 'go', sort: { by: 'name' } },
      { game: 'go', sort: { by: 'name', order: 'descending' } },
      { game: 'go', filter: { name: 'odd' }, sort: { by: 'created', order: 'ascending' } },
    ];
    const lists = await search.follow(queries.map((query) => ({ query, tag: null })));
    const pages = await Promise.all(queries.map((query) => search.page(query)));
    expect(lists.map((list) => list?.rooms)).toEqual(pages.map(({ rooms }) => rooms));
    const tags = lists.map((list) => list!.tag);
    expect(await search.follow(queries.map((query, index) => ({ query, tag: tags[index]! })))).toEqual(queries.map(() => null));
  });

  it('do not block other requests of the lobby when many lists are read', async () => {
    const { search } = start();
    await search.page({ game: 'go', filter: { name: 'even' } });
    const begin = performance.now();
    let calls = 0;
    // The fake clock advances by half a millisecond with each read, so that the test does not depend on the speed of the machine.
    jest.spyOn(performance, 'now').mockImplementation(() => begin + calls++ / 2);
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await search.follow(Array.from({ length: 128 }, (_, limit) => ({ query: { game: 'go', limit: limit + 1 }, tag: null })));
    isOver = true;
    expect(turns).toBeGreaterThan(16);
  });
});
