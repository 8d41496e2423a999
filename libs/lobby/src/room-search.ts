import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { KeyedMutex } from '#libs/async';
import { HoldfastError, type RoomId, type RoomListQuery, type RoomSort, type RoomSummary } from '#libs/protocol';
import type { IndexEntry } from '#libs/room-store';
import { type CachedRoomList, ListedRooms } from './listed-rooms.js';
import { LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { compareKeys, type ListedRoom, matches, NEWEST_FIRST, type SortKey, sortKeyOf } from './room-query.js';

export interface FoundRooms {
  readonly rooms: RoomSummary[];
  readonly next?: string;
  readonly partial?: true;
}

/**
 * The first page of a query, for gateways whose players subscribe to the list. `tag` changes when the rooms of the page or their order
 * change.
 */
export interface FollowedRooms {
  readonly tag: string;
  readonly rooms: RoomSummary[];
}

/** Finds public rooms by filters, and sorts them by the requested fields. The result is at most `LIST_AGE_MAX_MS` old. */
@Injectable()
export class RoomSearch {
  /** The first page of each query, for one version of the list. The cache helps because many gateways request the same few queries. */
  private readonly followed = new Map<string, { readonly version: number; readonly result: FollowedRooms }>();
  /** The sorted rooms of each cached list, by sort order. All queries with the same order share the sorted rooms. */
  private readonly orders = new WeakMap<CachedRoomList, Map<string, readonly ListedRoom[]>>();
  /** The text of each summary, from which tags are computed. The cache helps because most rooms are on the pages of many queries. */
  private readonly texts = new WeakMap<RoomSummary, string>();
  private readonly turns = new KeyedMutex();

  constructor(
    private readonly listed: ListedRooms,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {}

  /**
   * Returns one page. `cursor`: `next` of the previous page. The pages first contain the rooms of the cached list, and then the older
   * rooms. Each of these two parts has its own order. A request reads at most `OLDER_ROOMS_MAX` older rooms. A room whose position changes
   * between two requests can be on both pages or on none. Every other room is on at least one page.
   *
   * @throws `bad-data` for a cursor that is not the `next` of an answer
   */
  async page({ game, filter, sort = NEWEST_FIRST, limit }: RoomListQuery, cursor?: string): Promise<FoundRooms> {
    const { after, older } = cursor === undefined ? FROM_THE_BEGINNING : readCursor(cursor);
    const part = older ? await this.listed.older(game, older) : await this.listed.list(game);
    const max = this.options.roomsListedMax;
    const wanted = Math.min(limit ?? max, max);
    const found = part.rooms
      .filter((room) => matches(room, game, filter))
      .map((room) => ({ room, key: sortKeyOf(room, sort) }))
      .filter(({ key }) => after === null || compareKeys(key, after, sort) > 0)
      .sort((a, b) => compareKeys(a.key, b.key, sort));
    const page = found.slice(0, wanted);
    const last = page[page.length - 1]?.key ?? after;
    const next =
      found.length > wanted
        ? { after: last, older }
        : part.end && { after: null, older: isNewestFirst(sort) ? olderOf(part.end, last) : part.end };
    return {
      rooms: page.map(({ room }) => room.summary),
      ...(next && { next: cursorOf(next) }),
      ...((older || part.end) && { partial: true as const }),
    };
  }

  /**
   * Returns the first page of each query. Null: the page still has the given tag, so it has not changed. After each `FOLLOW_SLICE_MS` of
   * this work, the lobby handles other requests. The lobby handles the calls of this method one after the other. So a gateway with many
   * queries delays only the queries of other gateways.
   */
  follow(queries: readonly { readonly query: RoomListQuery; readonly tag: string | null }[]): Promise<(FollowedRooms | null)[]> {
    return this.turns.run('', async () => {
      const results: (FollowedRooms | null)[] = [];
      let sliceEndsAt = performance.now() + FOLLOW_SLICE_MS;
      for (const { query, tag } of queries) {
        if (performance.now() > sliceEndsAt) {
          await nextTurn();
          sliceEndsAt = performance.now() + FOLLOW_SLICE_MS;
        }
        const list = await this.listed.list(query.game);
        const result = this.firstPage(query, list);
        results.push(result.tag === tag ? null : result);
      }
      return results;
    });
  }

  private firstPage(query: RoomListQuery, list: CachedRoomList): FollowedRooms {
    const key = JSON.stringify(query);
    const known = this.followed.get(key);
    if (known?.version === list.version) return known.result;
    const rooms = this.firstRooms(query, list);
    const hash = createHash('sha1');
    for (const room of rooms) hash.update(this.textOf(room));
    const result = { tag: hash.digest('base64url'), rooms };
    this.followed.delete(key);
    this.followed.set(key, { version: list.version, result });
    if (this.followed.size > FOLLOWED_MAX) this.followed.delete(this.followed.keys().next().value as string);
    return result;
  }

  /** Returns the same rooms as `page` without a cursor, but stops as soon as the page is full. */
  private firstRooms({ game, filter, sort = NEWEST_FIRST, limit }: RoomListQuery, list: CachedRoomList): RoomSummary[] {
    const max = this.options.roomsListedMax;
    const wanted = Math.min(limit ?? max, max);
    const rooms: RoomSummary[] = [];
    for (const room of this.inOrder(list, sort)) {
      if (rooms.length === wanted) break;
      if (matches(room, game, filter)) rooms.push(room.summary);
    }
    return rooms;
  }

  private inOrder(list: CachedRoomList, sort: RoomSort): readonly ListedRoom[] {
    const orders = this.orders.get(list) ?? new Map<string, readonly ListedRoom[]>();
    this.orders.set(list, orders);
    const name = `${sort.order ?? 'ascending'} ${sort.by}`;
    let ordered = orders.get(name);
    if (!ordered) {
      const keyed = list.rooms.map((room) => ({ room, key: sortKeyOf(room, sort) }));
      ordered = keyed.sort((a, b) => compareKeys(a.key, b.key, sort)).map(({ room }) => room);
      if (orders.size >= ORDERS_MAX) orders.clear();
      orders.set(name, ordered);
    }
    return ordered;
  }

  private textOf(room: RoomSummary): string {
    let text = this.texts.get(room);
    if (text === undefined) {
      text = JSON.stringify(room);
      this.texts.set(room, text);
    }
    return text;
  }
}

/**
 * Maximum number of queries whose first page a lobby keeps. This number suffices for all lists to which the players of eight gateways can
 * subscribe.
 */
const FOLLOWED_MAX = 1_024;
/**
 * Maximum number of sort orders in which a lobby keeps one cached list. Without the limit, players could request so many sort orders that
 * the lobby runs out of memory.
 */
const ORDERS_MAX = 64;
/** Time in ms after which the lobby interrupts the work on subscribed lists to handle other requests. */
const FOLLOW_SLICE_MS = 4;

/** The position in the list of rooms at which the next page begins. */
interface Cursor {
  /**
   * The sort key of the last room of the previous page. Null: the next page begins with the first room of the cached list or of the older
   * rooms.
   */
  readonly after: SortKey | null;
  /**
   * The entry of the index of rooms after which the lobby reads the rooms of the next page. Null: the next page comes from the cached list.
   */
  readonly older: IndexEntry | null;
}

const FROM_THE_BEGINNING: Cursor = { after: null, older: null };

function isNewestFirst({ by, order }: RoomSort): boolean {
  return by === 'created' && order === 'descending';
}

/**
 * Returns the older of two positions. `end`: the position of the last room in the cached list, or in the last read of older rooms. `last`:
 * the last room of a page that is sorted newest first. New rooms push older rooms out of the cached list, so the end of the cached list can
 * be newer than rooms that the player has already received.
 */
function olderOf(end: IndexEntry, last: SortKey | null): IndexEntry {
  if (last === null) return end;
  const [, createdAt, room] = last;
  return createdAt < end.createdAt || (createdAt === end.createdAt && room < end.room) ? { room: room as RoomId, createdAt } : end;
}

function cursorOf({ after, older }: Cursor): string {
  const parts = older ? [after, older.createdAt, older.room] : [after];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function readCursor(cursor: string): Cursor {
  try {
    const [after, createdAt, room] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const older = Number.isFinite(createdAt) && typeof room === 'string' ? { createdAt: createdAt as number, room: room as RoomId } : null;
    if (isSortKey(after) || (after === null && older)) return { after, older };
  } catch {
    // The code below refuses a malformed cursor.
  }
  throw new HoldfastError('bad-data', '`cursor` is not the `next` of an answer with this filter and sort; leave it out to begin again.');
}

function isSortKey(given: unknown): given is SortKey {
  return Array.isArray(given) && given.length === 3 && Number.isFinite(given[1]) && typeof given[2] === 'string';
}
