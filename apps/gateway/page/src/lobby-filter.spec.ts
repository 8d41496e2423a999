import type { RoomSummary } from '#libs/client';
import { ALL_ROOMS, entryOf, filterFields, isFiltered, queryOf } from './lobby-filter.js';

describe('the request for a list of rooms', () => {
  it('contains no conditions when the filter allows all rooms', () => {
    expect(queryOf(ALL_ROOMS)).toEqual({});
    expect(isFiltered(ALL_ROOMS)).toBe(false);
  });

  it('contains the game, the conditions and the order of the filter', () => {
    const filter = { game: 'chess', isFree: true, isOpen: true, sort: 'players', options: { map: 'forest', isRated: true } } as const;
    expect(isFiltered(filter)).toBe(true);
    expect(queryOf(filter)).toEqual({
      game: 'chess',
      filter: { free: { min: 1 }, password: false, locked: false, 'options.map': 'forest', 'options.isRated': true },
      sort: { by: 'players', order: 'descending' },
    });
    expect(queryOf({ ...ALL_ROOMS, sort: 'name' })).toEqual({ sort: { by: 'name' } });
  });
});

describe('the filter of the list of rooms', () => {
  it('has a field for each boolean option and each option with a fixed list of values', () => {
    const options = {
      properties: { map: { enum: ['a', 'b'] }, isRated: { type: 'boolean' }, minutes: { type: 'integer' }, motto: { type: 'string' } },
    };
    expect(filterFields({ name: 'g', seats: { min: 2, max: 2 }, options }).map(({ name }) => name)).toEqual(['map', 'isRated']);
    expect(filterFields(undefined)).toEqual([]);
  });
});

describe('entryOf', () => {
  const room = { id: 'r', game: 'g', name: '', status: 'waiting', players: 1, seats: 2 } as unknown as RoomSummary;

  it.each<[string, Partial<RoomSummary>, boolean, string]>([
    ['a waiting room with a free seat', {}, false, 'join'],
    ['a full room', { players: 2 }, false, 'watch'],
    ['a locked room', { locked: true }, false, 'watch'],
    ['a running game', { status: 'playing' }, false, 'watch'],
    ['a running game that players may join', { status: 'playing' }, true, 'join'],
    ['a full room without spectators', { players: 2, watch: 'nobody' }, false, 'none'],
    ['a full room whose spectators need its code', { players: 2, watch: 'members' }, false, 'none'],
  ])('returns for %s whether the player can join it, can only watch it, or cannot enter it', (_, change, isJoinable, expected) => {
    expect(entryOf({ ...room, ...change }, isJoinable)).toBe(expected);
  });
});
