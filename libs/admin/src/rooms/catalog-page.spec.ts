import type { RoomId, ServerId } from '#libs/protocol';
import type { RoomsQuery } from '../schemas.js';
import { catalogPage } from './catalog-page.js';
import type { CatalogRoom } from './room-catalog.js';

const ANY = { sort: 'created', order: 'desc', limit: 10 } as const;
const owner = { server: 'hf:game:1' as ServerId, incarnation: 1 };

function room(id: string, changes: Partial<CatalogRoom> = {}): CatalogRoom {
  const known = { rev: 1, game: 'chess', name: id, status: 'playing' as const, owner, version: 1, players: 2, createdAt: 1, since: 1 };
  return { ...known, id: id as RoomId, text: `${id}\nada`, ...changes };
}

function page(rooms: readonly CatalogRoom[], query: Partial<RoomsQuery>) {
  return catalogPage(rooms, { ...ANY, ...query }, (one) => one.owner === null);
}

describe('a page of the room catalog', () => {
  it('contains the rooms whose text matches the search text case-insensitively', () => {
    const rooms = [room('abc'), room('xyz', { text: 'xyz\nbob' })];
    expect(page(rooms, { q: 'BOB' })).toEqual({ rooms: ['xyz'], next: null, matched: 1 });
    expect(page(rooms, { q: '' }).matched).toBe(2);
  });

  it('contains only the rooms that pass all filters', () => {
    const rooms = [room('a'), room('b', { game: 'go' }), room('c', { status: 'waiting' }), room('d', { owner: null })];
    expect(page(rooms, { game: 'chess', status: 'playing', ownerless: false }).rooms).toEqual(['a']);
    expect(page(rooms, { ownerless: true }).rooms).toEqual(['d']);
  });

  it.each([
    ['created', 'desc', ['c', 'b', 'a']],
    ['created', 'asc', ['a', 'b', 'c']],
    ['players', 'desc', ['b', 'c', 'a']],
    ['name', 'asc', ['b', 'c', 'a']],
    ['version', 'desc', ['a', 'c', 'b']],
  ] as const)('is sorted by `%s` in the order `%s`', (sort, order, expected) => {
    const rooms = [
      room('a', { createdAt: 1, players: 1, name: 'zoo', version: 9 }),
      room('b', { createdAt: 2, players: 9, name: 'Art', version: 1 }),
      room('c', { createdAt: 3, players: 5, name: 'bar', version: 5 }),
    ];
    expect(page(rooms, { sort, order }).rooms).toEqual(expected);
  });

  it.each(['asc', 'desc'] as const)(
    'continues after the last room of the previous page (order: `%s`), even when that room was removed and other rooms have equal values',
    (order) => {
      const rooms = ['a', 'b', 'c', 'd', 'e'].map((id) => room(id, { players: 2 }));
      const first = page(rooms, { sort: 'players', order, limit: 2 });
      const left = rooms.filter(({ id }) => id !== first.rooms[1]);
      const second = page(left, { sort: 'players', order, limit: 2, after: first.next! });
      const third = page(left, { sort: 'players', order, limit: 2, after: second.next! });
      const all = [...first.rooms, ...second.rooms, ...third.rooms];
      expect(all).toEqual(order === 'asc' ? ['a', 'b', 'c', 'd', 'e'] : ['e', 'd', 'c', 'b', 'a']);
      expect(third.next).toBeNull();
    },
  );

  it.each(['x', 'e30', Buffer.from('["name","a","b"]').toString('base64url')])(
    'is refused when the cursor `%s` does not belong to the query',
    (after) => {
      expect(() => page([room('a')], { after })).toThrow(expect.objectContaining({ code: 'bad-data' }));
    },
  );
});
