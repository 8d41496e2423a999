import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { HoldfastError, type RoomListQuery, type RoomSummary } from '#libs/protocol';
import { ListedRooms } from './listed-rooms.js';
import { LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { compareKeys, matches, NEWEST_FIRST, type SortKey, sortKeyOf } from './room-query.js';

/** A page of a search. */
export interface FoundRooms {
  readonly rooms: RoomSummary[];
  readonly next?: string;
  readonly partial?: true;
}

/** The first page of a search, for gateways that follow it. `tag` changes with the rooms or their order. */
export interface FollowedRooms {
  readonly tag: string;
  readonly rooms: RoomSummary[];
}

/** Finds public rooms by filters, in any order. The result is at most `SNAPSHOT_MS` old. */
@Injectable()
export class RoomSearch {
  /** By query: the first page for a version of the rooms. Many gateways follow the same few queries. */
  private readonly followed = new Map<string, { readonly version: number; readonly result: FollowedRooms }>();

  constructor(
    private readonly listed: ListedRooms,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {}

  /**
   * Returns one page. `cursor`: `next` of the page before. While rooms change between two pages, a room whose position changes may be on
   * both pages or on none; every other room is on exactly one.
   *
   * @throws `bad-data` for a cursor that is not the `next` of an answer
   */
  async page({ game, filter, sort = NEWEST_FIRST, limit }: RoomListQuery, cursor?: string): Promise<FoundRooms> {
    const after = cursor === undefined ? null : readCursor(cursor);
    const { rooms, isPartial } = await this.listed.snapshot(game);
    const max = this.options.roomsListedMax;
    const wanted = Math.min(limit ?? max, max);
    const found = rooms
      .filter((room) => matches(room, game, filter))
      .map((room) => ({ room, key: sortKeyOf(room, sort) }))
      .filter(({ key }) => after === null || compareKeys(key, after, sort) > 0)
      .sort((a, b) => compareKeys(a.key, b.key, sort));
    const page = found.slice(0, wanted);
    return {
      rooms: page.map(({ room }) => room.summary),
      ...(found.length > wanted && { next: cursorOf(page[page.length - 1]!.key) }),
      ...(isPartial && { partial: true as const }),
    };
  }

  /** Returns the first page of each query. Null: the page still has the given tag, so it has not changed. */
  async follow(queries: readonly { readonly query: RoomListQuery; readonly tag: string | null }[]): Promise<(FollowedRooms | null)[]> {
    const results = await Promise.all(queries.map(({ query }) => this.firstPage(query)));
    return results.map((result, index) => (result.tag === queries[index]!.tag ? null : result));
  }

  private async firstPage(query: RoomListQuery): Promise<FollowedRooms> {
    const key = JSON.stringify(query);
    const { version } = await this.listed.snapshot(query.game);
    const known = this.followed.get(key);
    if (known?.version === version) return known.result;
    const { rooms } = await this.page(query);
    const result = { tag: createHash('sha1').update(JSON.stringify(rooms)).digest('base64url'), rooms };
    this.followed.delete(key);
    this.followed.set(key, { version, result });
    if (this.followed.size > FOLLOWED_MAX) this.followed.delete(this.followed.keys().next().value as string);
    return result;
  }
}

/** Maximum number of queries whose first page a lobby keeps. */
const FOLLOWED_MAX = 256;

function cursorOf(key: SortKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function readCursor(cursor: string): SortKey {
  try {
    const key = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (Array.isArray(key) && key.length === 3 && typeof key[1] === 'number' && typeof key[2] === 'string')
      return key as unknown as SortKey;
  } catch {
    // A malformed cursor is refused below.
  }
  throw new HoldfastError('bad-data', '`cursor` is not the `next` of an answer with this filter and sort; leave it out to begin again.');
}
