import type { FilterCondition, ListFilter, RoomSort, RoomSummary } from '#libs/protocol';

/* Pure functions that select and order rooms for `rooms.list`. */

/** A public room of the list, with its position in the order of creation. */
export interface ListedRoom {
  readonly summary: RoomSummary;
  readonly createdAt: number;
}

/** The position of a room in a sorted list: the value by which it is sorted, its time of creation, and its id. */
export type SortKey = readonly [value: unknown, createdAt: number, room: string];

export const NEWEST_FIRST: RoomSort = { by: 'created', order: 'descending' };

export function matches(room: ListedRoom, game: string | undefined, filter: ListFilter = {}): boolean {
  if (game !== undefined && room.summary.game !== game) return false;
  for (const field in filter) if (!fulfils(fieldOf(room, field), filter[field]!)) return false;
  return true;
}

export function sortKeyOf(room: ListedRoom, { by }: RoomSort): SortKey {
  return [fieldOf(room, by), room.createdAt, room.summary.id];
}

/**
 * Compares two positions. In ascending order, numbers come before texts, and texts before booleans. Descending order is the reverse. Rooms
 * without a value come last in both orders. Of rooms with equal values, the newest comes first. The order is total, so that each page
 * continues exactly after the previous page.
 */
export function compareKeys(a: SortKey, b: SortKey, { order = 'ascending' }: RoomSort): number {
  const [value, createdAt, room] = a;
  const [otherValue, otherCreatedAt, otherRoom] = b;
  const ranks = rankOf(value) - rankOf(otherValue);
  const isMissing = rankOf(value) === RANK_MISSING || rankOf(otherValue) === RANK_MISSING;
  const values = ranks !== 0 ? ranks : isMissing ? 0 : compareSame(value, otherValue);
  if (values !== 0) return isMissing || order === 'ascending' ? values : -values;
  return otherCreatedAt - createdAt || (room < otherRoom ? 1 : room > otherRoom ? -1 : 0);
}

/** Returns the value of a field. Null: the room has no such field, or its value is an object. */
function fieldOf({ summary, createdAt }: ListedRoom, field: string): unknown {
  switch (field) {
    case 'created':
      return createdAt;
    case 'free':
      return Math.max(0, summary.seats - summary.players);
    case 'locked':
    case 'password':
      return summary[field] === true;
    case 'watch':
      return summary.watch ?? 'anyone';
    case 'status':
    case 'players':
    case 'seats':
    case 'name':
      return summary[field];
    case 'region':
      return summary.region ?? null;
    default:
      return valueAt(summary, field);
  }
}

/** Returns the value at a path such as `options.clock.minutes`. */
function valueAt(summary: RoomSummary, path: string): unknown {
  const [root, ...names] = path.split('.') as ['options' | 'metadata', ...string[]];
  let value: unknown = summary[root];
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'object' ? null : value;
}

function fulfils(value: unknown, condition: FilterCondition): boolean {
  if (typeof condition !== 'object' || condition === null) return value === condition;
  if ('any' in condition) return condition.any.some((one) => one === value);
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = condition;
  return typeof value === 'number' && value >= min && value <= max;
}

const RANK_MISSING = 3;

function rankOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return 0;
    case 'string':
      return 1;
    case 'boolean':
      return 2;
    default:
      return RANK_MISSING;
  }
}

/** Compares two values of one type: numbers by value, and texts by code units. So the order does not depend on the locale of the lobby. */
function compareSame(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}
