import fc from 'fast-check';
import type { ListFilter, RoomId, RoomSort, RoomSummary } from '#libs/protocol';
import { compareKeys, type ListedRoom, matches, sortKeyOf } from './room-query.js';

function listed(change: Partial<RoomSummary> = {}, createdAt = 1): ListedRoom {
  const summary: RoomSummary = { id: 'r' as RoomId, game: 'chess', name: 'A', status: 'waiting', players: 1, seats: 2, ...change };
  return { summary, createdAt };
}

describe('a filter of rooms', () => {
  const room = listed({
    options: { map: 'sea', clock: { minutes: 5 }, rated: false },
    metadata: { level: 3 },
    players: 1,
    seats: 4,
    password: true,
  });

  it.each([
    [{}, true],
    [{ status: 'waiting' }, true],
    [{ status: { any: ['playing', 'starting'] } }, false],
    [{ free: { min: 3 } }, true],
    [{ free: { min: 4 } }, false],
    [{ players: { min: 1, max: 1 }, seats: 4 }, true],
    [{ 'options.map': 'sea', 'options.clock.minutes': { max: 5 } }, true],
    [{ 'options.map': { any: ['land', 'sea'] } }, true],
    [{ 'options.map': 'land' }, false],
    [{ 'options.rated': false }, true],
    [{ 'options.none': null }, true],
    [{ 'options.clock': null }, true],
    [{ 'options.map': { min: 0 } }, false],
    [{ 'metadata.level': { min: 3, max: 3 } }, true],
    [{ 'options.constructor': null }, true],
    [{ password: true, locked: false, watch: 'anyone', region: null }, true],
  ] as [ListFilter, boolean][])('with the conditions %j, returns %j for a room', (filter, isMatch) => {
    expect(matches(room, undefined, filter)).toBe(isMatch);
  });

  it('accepts only rooms of its game', () => {
    expect(matches(room, 'chess')).toBe(true);
    expect(matches(room, 'go')).toBe(false);
  });
});

describe('the order of rooms', () => {
  const sorted = (rooms: readonly ListedRoom[], sort: RoomSort): string =>
    [...rooms]
      .sort((a, b) => compareKeys(sortKeyOf(a, sort), sortKeyOf(b, sort), sort))
      .map(({ summary }) => summary.id)
      .join('');
  const at = (id: string, level: unknown, createdAt = 1): ListedRoom =>
    listed({ id: id as RoomId, ...(level !== undefined && { metadata: { level } }) }, createdAt);
  const rooms = [at('a', 2), at('b', undefined), at('c', 10), at('d', 'x'), at('e', 2, 5)];

  it.each([
    [{ by: 'metadata.level' }, 'eacdb'],
    [{ by: 'metadata.level', order: 'descending' }, 'dceab'],
    [{ by: 'created', order: 'descending' }, 'edcba'],
  ] as [RoomSort, string][])('with the sort %j, is %j', (sort, order) => {
    expect(sorted(rooms, sort)).toBe(order);
  });

  it('puts each room on exactly one page', () => {
    const value = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom('x', 'y'), fc.boolean(), fc.constant(undefined));
    const some = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 2 }), value, fc.nat({ max: 2 })), { selector: ([id]) => id });
    fc.assert(
      fc.property(some, fc.constantFrom('ascending' as const, 'descending' as const), (given, order) => {
        const sort = { by: 'metadata.level', order };
        const keys = given
          .map(([id, level, createdAt]) => sortKeyOf(at(id, level, createdAt), sort))
          .sort((a, b) => compareKeys(a, b, sort));
        for (const [index, key] of keys.entries())
          for (const [other, otherKey] of keys.entries())
            expect(Math.sign(compareKeys(key, otherKey, sort))).toBe(Math.sign(index - other));
      }),
    );
  });
});
