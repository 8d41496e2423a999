import { Injectable } from '@nestjs/common';
import { KeyedMutex, SingleFlight } from '#libs/async';
import type { RoomId } from '#libs/protocol';
import { type IndexEntry, type ListedRecord, RoomRecords, summaryOf } from '#libs/room-store';
import type { ListedRoom } from './room-query.js';

/**
 * A cached list of the public rooms, newest first. `version` grows when a room is added, changed or removed. No two lists have the same
 * version number.
 */
export interface CachedRoomList {
  readonly version: number;
  readonly rooms: readonly ListedRoom[];
  /**
   * The position of the last room of this list in the index of rooms. `older` reads the rooms after this position. Null: there are no older
   * rooms.
   */
  readonly end: IndexEntry | null;
}

/** Public rooms that are older than the rooms of the cached list, newest first. */
export interface OlderRooms {
  readonly rooms: readonly ListedRoom[];
  /** The position of the last of these rooms in the index of rooms. Null: there are no older rooms. */
  readonly end: IndexEntry | null;
}

/** Maximum number of rooms in the cached list of one game. A read needs one small Redis command for each room. */
export const SEARCHED_ROOMS_MAX = 1_000;
/**
 * Maximum age of a cached list that answers a request, in ms. A lobby reads the rooms at most once per this time, for any number of players
 * who request the list.
 */
export const LIST_AGE_MAX_MS = 500;
/** Maximum number of rooms in a read of older rooms. Such a read is expensive: it reads whole records, and players do not share it. */
export const OLDER_ROOMS_MAX = 250;
/** Maximum number of games with a cached list. */
const CACHED_LISTS_MAX = 64;

interface Known {
  readonly digest: string;
  /** The room as a list shows it. Null: the room is private, so no list shows the room. */
  readonly room: ListedRoom | null;
}

interface Reading {
  list: CachedRoomList;
  known: ReadonlyMap<RoomId, Known>;
  readAt: number;
  readonly flight: SingleFlight<CachedRoomList>;
}

/**
 * Keeps the public rooms of a game, or of all games, in memory while players request lists of rooms. All these players share one read. A
 * read first compares a few fields of each room, and then reads only the changed rooms.
 */
@Injectable()
export class ListedRooms {
  /** The cached lists by game ('' for all games), in the order of their last use. */
  private readonly readings = new Map<string, Reading>();
  /** The highest version number of all cached lists so far. A number is never used again, even after its list was dropped. */
  private versions = 0;

  private readonly olderReads = new KeyedMutex();

  constructor(private readonly records: RoomRecords) {}

  /** Returns a list of the rooms that is at most `LIST_AGE_MAX_MS` old. */
  async list(game: string | undefined): Promise<CachedRoomList> {
    const key = game ?? '';
    const reading = this.readings.get(key) ?? this.begin(game);
    this.readings.delete(key);
    this.readings.set(key, reading);
    if (this.readings.size > CACHED_LISTS_MAX) this.readings.delete(this.readings.keys().next().value as string);
    if (performance.now() - reading.readAt < LIST_AGE_MAX_MS) return reading.list;
    return reading.flight.join();
  }

  /**
   * Reads at most `OLDER_ROOMS_MAX` rooms after a position in the index of rooms. Only one read runs at a time, because concurrent reads
   * would delay every other request of this lobby.
   */
  older(game: string | undefined, after: IndexEntry): Promise<OlderRooms> {
    return this.olderReads.run('', async () => {
      const entries = await this.records.listed(game, after, OLDER_ROOMS_MAX);
      const records = await this.records.readListed(entries.map(({ room }) => room));
      const rooms = records.flatMap((record, index) => toListed(record, entries[index]!.createdAt) ?? []);
      return { rooms, end: entries.length === OLDER_ROOMS_MAX ? entries[entries.length - 1]! : null };
    });
  }

  private begin(game: string | undefined): Reading {
    const reading: Reading = {
      list: { version: ++this.versions, rooms: [], end: null },
      known: new Map(),
      readAt: Number.NEGATIVE_INFINITY,
      flight: new SingleFlight(() => this.read(game, reading)),
    };
    return reading;
  }

  private async read(game: string | undefined, reading: Reading): Promise<CachedRoomList> {
    const readAt = performance.now();
    const entries = await this.records.listed(game, null, SEARCHED_ROOMS_MAX + 1);
    const end = entries.length > SEARCHED_ROOMS_MAX ? entries[SEARCHED_ROOMS_MAX - 1]! : null;
    const listed = entries.slice(0, SEARCHED_ROOMS_MAX);
    const digests = await this.records.readListDigests(listed.map(({ room }) => room));
    const changed = listed.filter(({ room }, index) => digests[index] !== null && reading.known.get(room)?.digest !== digests[index]);
    const records = await this.records.readListed(changed.map(({ room }) => room));
    const fresh = new Map(changed.map(({ room, createdAt }, index) => [room, toListed(records[index]!, createdAt)]));
    const known = new Map<RoomId, Known>();
    for (const [index, { room }] of listed.entries()) {
      const digest = digests[index];
      if (digest == null) continue;
      known.set(room, fresh.has(room) ? { digest, room: fresh.get(room)! } : reading.known.get(room)!);
    }
    const isSame = changed.length === 0 && known.size === reading.known.size && end?.room === reading.list.end?.room;
    reading.readAt = readAt;
    reading.known = known;
    if (!isSame) {
      const rooms = [...known.values()].flatMap((one) => one.room ?? []);
      reading.list = { version: ++this.versions, rooms, end };
    }
    return reading.list;
  }
}

function toListed(record: ListedRecord | null, createdAt: number): ListedRoom | null {
  return record && !record.doc.private ? { summary: summaryOf(record), createdAt } : null;
}
