import { Inject, Injectable } from '@nestjs/common';
import { KeyedMutex, sleep } from '#libs/async';
import { HoldfastError, type Operations, type RoomId, type RoomSummary } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type IndexEntry, RoomRecords, summaryOf } from '#libs/room-store';
import { LIST_EVERY_MS, LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { RoomSearch } from './room-search.js';

type Query = NonNullable<Operations['rooms.list']['data']>;
type Page = Operations['rooms.list']['result'];

/** A public room, and its entry in the index of rooms. */
interface Listed {
  readonly entry: IndexEntry;
  readonly summary: RoomSummary;
}

interface Read {
  readonly rooms: readonly Listed[];
  /** The last entry of the index of rooms that this read has returned. Null: the index has no further entries. */
  readonly end: IndexEntry | null;
}

/**
 * Maximum number of records that are read for a page, per requested room. It is above 1, because private rooms and missing records are not
 * on the page.
 */
const PAGES_MAX = 2;
/**
 * Age in ms from which an entry of the index without a record belongs to a closed room. A younger entry possibly belongs to a room that is
 * being created.
 */
const UNMADE_MS = 60_000;

/**
 * Returns the public rooms in pages, newest first. For a page, this class reads at most `PAGES_MAX` records per requested room, so the cost
 * of a page does not depend on the number of rooms. Simultaneous requests for the first page of a game share one read. The read begins
 * after these requests, so an answer contains all changes from before the request.
 */
@Injectable()
export class RoomList {
  /** The reads of first pages that have not begun, by game ('' for all games). */
  private readonly next = new Map<string, Promise<Read>>();
  /** The time at which the current or last read of a game began, in ms of the monotonic clock. */
  private readonly beganAt = new Map<string, number>();
  /** For each game, a promise that resolves when the current read has settled. */
  private readonly current = new Map<string, Promise<unknown>>();

  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly records: RoomRecords,
    private readonly clock: StoreClock,
    private readonly search: RoomSearch,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {}

  /** Returns one page. Throws `bad-data` for a cursor that is not the `next` of an answer. */
  async page({ game, limit, cursor, filter, sort }: Query = {}): Promise<Page> {
    if (filter || sort) return this.search.page({ game, limit, filter, sort }, cursor);
    const max = this.options.roomsListedMax;
    const wanted = Math.min(limit ?? max, max);
    if (cursor !== undefined) return pageOf(await this.read(game, entryOf(cursor), wanted), wanted);
    return pageOf(await this.firstPage(game), wanted);
  }

  /** Returns the first page. Always reads `roomsListedMax` rooms, so that all players can share the read. */
  private firstPage(game: string | undefined): Promise<Read> {
    const key = game ?? '';
    const waiting = this.next.get(key);
    if (waiting) return waiting;
    const read = this.begin(key, game);
    this.next.set(key, read);
    return read;
  }

  private async begin(key: string, game: string | undefined): Promise<Read> {
    await this.current.get(key);
    const waitMs = (this.beganAt.get(key) ?? Number.NEGATIVE_INFINITY) + LIST_EVERY_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    this.next.delete(key);
    // Deletes the key first, so that the keys of the map are in the order of their times. `forgetOld` relies on this order.
    this.beganAt.delete(key);
    this.beganAt.set(key, performance.now());
    const read = this.read(game, null, this.options.roomsListedMax);
    const done = read.then(ignore, ignore);
    this.current.set(key, done);
    try {
      return await read;
    } finally {
      if (this.current.get(key) === done) this.current.delete(key);
      this.forgetOld();
    }
  }

  /** Drops old keys of `beganAt`. Players can send any game name, so the map would otherwise grow without limit. */
  private forgetOld(): void {
    const now = performance.now();
    for (const [key, at] of this.beganAt) {
      if (now - at < LIST_EVERY_MS) return;
      if (!this.current.has(key) && !this.next.has(key)) this.beganAt.delete(key);
    }
  }

  /** Runs one read at a time, because concurrent reads would delay every other request of this lobby. */
  private read(game: string | undefined, after: IndexEntry | null, wanted: number): Promise<Read> {
    return this.mutex.run('', () => this.readNow(game, after, wanted));
  }

  private async readNow(game: string | undefined, after: IndexEntry | null, wanted: number): Promise<Read> {
    const rooms: Listed[] = [];
    const gone: IndexEntry[] = [];
    let at = after;
    for (let page = 0; page < PAGES_MAX && rooms.length < wanted; page++) {
      const entries = await this.records.listed(game, at, wanted);
      const records = await this.records.readListed(entries.map(({ room }) => room));
      for (const [index, record] of records.entries()) {
        at = entries[index]!;
        if (record === null) gone.push(at);
        else if (!record.doc.private) rooms.push({ entry: at, summary: summaryOf(record) });
      }
      if (entries.length < wanted) {
        at = null;
        break;
      }
    }
    this.unlist(gone, game);
    return { rooms, end: at };
  }

  /** Removes old entries without a record. A young entry possibly belongs to a new room, whose record is written after the index. */
  private unlist(entries: readonly IndexEntry[], game: string | undefined): void {
    const now = this.clock.storeTime();
    const old = entries.filter(({ createdAt }) => now - createdAt > UNMADE_MS).map(({ room }) => room);
    // Ignores errors, because the next read removes the entries.
    void this.records.unlist(old, game === undefined ? undefined : [game]).catch(ignore);
  }
}

function pageOf({ rooms, end }: Read, wanted: number): Page {
  const page = rooms.slice(0, wanted);
  const last = page.length < rooms.length ? page[page.length - 1]!.entry : end;
  return { rooms: page.map(({ summary }) => summary), ...(last && { next: textOf(last) }) };
}

/** Returns the cursor that continues after an entry: `<createdAt>.<room>`. */
function textOf({ room, createdAt }: IndexEntry): string {
  return `${createdAt}.${room}`;
}

function entryOf(cursor: string): IndexEntry {
  const [, createdAt, room] = /^(\d{1,16})\.(.{1,64})$/.exec(cursor) ?? [];
  if (room === undefined)
    throw new HoldfastError(
      'bad-data',
      '`cursor` is not the `next` of an answer of `rooms.list`; leave it out to begin at the newest room.',
    );
  return { room: room as RoomId, createdAt: Number(createdAt) };
}

const ignore = (): void => {};
