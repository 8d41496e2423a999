import { HoldfastError, type RoomId } from '#libs/protocol';
import type { RoomsQuery } from '../schemas.js';
import type { CatalogRoom } from './room-catalog.js';

/** One page of the rooms that match a query. */
export interface CatalogPage {
  readonly rooms: readonly RoomId[];
  readonly next: string | null;
  readonly matched: number;
}

type Key = readonly [value: number | string, room: string];

const VALUE: Readonly<Record<RoomsQuery['sort'], (room: CatalogRoom) => number | string>> = {
  created: ({ createdAt }) => createdAt,
  changed: ({ since }) => since,
  players: ({ players }) => players,
  version: ({ version }) => version,
  name: ({ name }) => name.toLowerCase(),
  game: ({ game }) => game,
};

/**
 * Filters and sorts rooms, and returns one page of them. Pure. The cursor contains the id of the last room of a page and the value by which
 * this room was sorted. So the pages do not shift when rooms are added or removed.
 *
 * @throws `bad-data` for a cursor of another query
 */
export function catalogPage(
  all: readonly CatalogRoom[],
  query: Pick<RoomsQuery, 'q' | 'game' | 'status' | 'ownerless' | 'sort' | 'order' | 'limit' | 'after'>,
  isOwnerless: (room: CatalogRoom) => boolean,
): CatalogPage {
  const { sort, order, limit, after } = query;
  const text = query.q?.toLowerCase() ?? '';
  const matching = all.filter(
    (room) =>
      (query.game === undefined || room.game === query.game) &&
      (query.status === undefined || room.status === query.status) &&
      (text === '' || room.text.includes(text)) &&
      (query.ownerless === undefined || isOwnerless(room) === query.ownerless),
  );
  const direction = order === 'asc' ? 1 : -1;
  const keyed = matching.map((room): Key => [VALUE[sort](room), room.id]).sort((one, other) => direction * compare(one, other));
  const from = after === undefined || after === '' ? null : keyOf(after, sort);
  const start = from === null ? 0 : keyed.findIndex((key) => direction * compare(key, from) > 0);
  const page = start === -1 ? [] : keyed.slice(start, start + limit);
  const hasMore = start !== -1 && start + limit < keyed.length;
  return {
    rooms: page.map(([, room]) => room as RoomId),
    next: hasMore ? textOf(sort, page[page.length - 1]!) : null,
    matched: keyed.length,
  };
}

function compare([value, room]: Key, [otherValue, otherRoom]: Key): number {
  if (value !== otherValue) return value < otherValue ? -1 : 1;
  return room < otherRoom ? -1 : room > otherRoom ? 1 : 0;
}

function textOf(sort: string, [value, room]: Key): string {
  return Buffer.from(JSON.stringify([sort, value, room])).toString('base64url');
}

function keyOf(text: string, sort: RoomsQuery['sort']): Key {
  try {
    const [by, value, room] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[];
    if (by === sort && (typeof value === 'number' || typeof value === 'string') && typeof room === 'string') return [value, room];
  } catch {}
  throw new HoldfastError('bad-data', '`after` must be the `next` of a page with the same `sort`.');
}
