import { Inject, Injectable } from '@nestjs/common';
import { HoldfastError, type Operations, type RoomId, type RoomSummary } from '#libs/protocol';
import { type IndexEntry, RoomRecords, summaryOf } from '#libs/room-store';
import { LIST_EVERY_MS, LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { Turns } from './turns.js';

type Query = NonNullable<Operations['rooms.list']['data']>;
type Page = Operations['rooms.list']['result'];

/** A public room that was read, and its place in the index. */
interface Listed {
  readonly entry: IndexEntry;
  readonly summary: RoomSummary;
}

interface Read {
  readonly rooms: readonly Listed[];
  /** The last entry that was looked at; null: the index ends there. */
  readonly end: IndexEntry | null;
}

/** Records that a page may read for each room that is asked for. */
const PAGES_MAX = 2;
/** An entry of the index that is older than this, in ms, and has no record is of a room that is gone. */
const UNMADE_MS = 60_000;

/**
 * The public rooms, newest first, a page at a time. A page reads at most `PAGES_MAX` records for each room asked for, however
 * many rooms there are. Players who ask for the first page of a game at the same time share one read, which begins after
 * all of them have asked: everybody sees what was done before they asked.
 */
@Injectable()
export class RoomList {
  /** By game, '' for all: the read of the first page that has not begun. */
  private readonly next = new Map<string, Promise<Read>>();
  /** By game: when the read under way began, or the last one, in ms. */
  private readonly beganAt = new Map<string, number>();
  /** By game: settles when the read under way is done. */
  private readonly current = new Map<string, Promise<unknown>>();

  private readonly turns = new Turns();

  constructor(
    private readonly records: RoomRecords,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {}

  /** Throws `bad-data` for a cursor that is not the `next` of an answer. */
  async page({ game, limit, cursor }: Query = {}): Promise<Page> {
    const max = this.options.roomsListedMax;
    const wanted = Math.min(limit ?? max, max);
    if (cursor !== undefined) return pageOf(await this.read(game, entryOf(cursor), wanted), wanted);
    return pageOf(await this.firstPage(game), wanted);
  }

  /** Of `roomsListedMax` rooms, whatever is wanted of it: so that all who ask for it can share it. */
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
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.next.delete(key);
    // Deleted first, so that the eldest stand first.
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

  /** Names of games come from players. */
  private forgetOld(): void {
    const now = performance.now();
    for (const [key, at] of this.beganAt) {
      if (now - at < LIST_EVERY_MS) return;
      if (!this.current.has(key) && !this.next.has(key)) this.beganAt.delete(key);
    }
  }

  /** One read after the other: many at once would hold up every other request of this lobby for as long as they take together. */
  private read(game: string | undefined, after: IndexEntry | null, wanted: number): Promise<Read> {
    return this.turns.take('', () => this.readNow(game, after, wanted));
  }

  private async readNow(game: string | undefined, after: IndexEntry | null, wanted: number): Promise<Read> {
    const rooms: Listed[] = [];
    const gone: IndexEntry[] = [];
    let at = after;
    for (let page = 0; page < PAGES_MAX && rooms.length < wanted; page++) {
      const entries = await this.records.listed(game, at, wanted);
      const records = await this.records.readListed(entries.map(({ room }) => room));
      for (const [index, record] of records.entries()) {
        at = entries[index];
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

  /** Not those that are about to be made: the index is written before the record. */
  private unlist(entries: readonly IndexEntry[], game: string | undefined): void {
    const old = entries.filter(({ createdAt }) => Date.now() - createdAt > UNMADE_MS).map(({ room }) => room);
    // Left to the next reader when the store does not answer.
    void this.records.unlist(old, game === undefined ? undefined : [game]).catch(ignore);
  }
}

function pageOf({ rooms, end }: Read, wanted: number): Page {
  const page = rooms.slice(0, wanted);
  const last = page.length < rooms.length ? page[page.length - 1].entry : end;
  return { rooms: page.map(({ summary }) => summary), ...(last && { next: textOf(last) }) };
}

/** A cursor: `<createdAt>.<room>` of the last room that was looked at. */
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
