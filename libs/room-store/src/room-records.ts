import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Optional } from '@nestjs/common';
import { type RoomId, type RoomStatus, type ServerId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import { decodeRoomDoc, encodeRoomDoc } from './room-doc-codec.js';
import {
  checkpointKey,
  closedKey,
  LISTED_GAMES_KEY,
  LISTED_KEY,
  listedKey,
  logKey,
  OWNERS_KEY,
  ROOMS_KEY,
  roomKey,
  roomsOfKey,
} from './room-keys.js';
import { ownerOf, type RoomDoc, type RoomGlance, type RoomOwnership, type RoomRecord, readRecord } from './room-record.js';
import { StoreGeneration } from './store-generation.js';

const saveScript = new LuaScript('save_room', new URL('./scripts/save-room.lua', import.meta.url), 1);
const restoreScript = new LuaScript('restore_room', new URL('./scripts/restore-room.lua', import.meta.url), 4);
const closeScript = new LuaScript('close_room', new URL('./scripts/close-room.lua', import.meta.url), 4);

/**
 * How long it is kept that a room was closed: longer than any server hangs and is then let go on. One that did would
 * bring the room back as it knew it, for the sweepers to find.
 */
const CLOSED_MS = 600_000;

/** Of a longer document those who follow the room are told only that there is a new one: a message of it to each gateway is held in Redis' memory. */
const TOLD_DOC_BYTES_MAX = 8_192;

/** Of an index that is walked now and then: read in a millisecond, with a breath in ms before the next. */
const INDEX_PAGE = 250;
const INDEX_BREATH_MS = 5;

/** Rooms of one millisecond that a page reads beside those it is asked for, so that one read is enough. */
const TIES = 8;

/** What the store says of a write, as it holds it. */
interface Saved extends Readonly<Record<string, string>> {
  readonly rev: string;
  readonly since: string;
}

/** What `restore` found: it wrote the record again; the room is closed; the store has this revision or a later one. */
export type Restored = 'restored' | 'closed' | 'known';

const RESTORED: readonly Restored[] = ['restored', 'closed', 'known'];

/** A room's place in the index of all rooms. */
export interface IndexEntry {
  readonly room: RoomId;
  readonly createdAt: number;
}

/**
 * The records of rooms as the lobby sees them. Every write is a compare-and-set on the revision it was read at: of two
 * writers one wins, and the other reads again.
 */
@Injectable()
export class RoomRecords {
  /** Games of which this process knows that they stand in `LISTED_GAMES_KEY`. */
  private readonly gamesNoted = new Set<string>();

  constructor(
    private readonly redis: RedisConnections,
    /** With it nothing new is written before the store is settled. */
    @Optional() private readonly generation?: StoreGeneration,
  ) {
    // A store that was restarted may have lost them.
    generation?.onConnected(() => this.gamesNoted.clear());
  }

  async read(room: RoomId): Promise<RoomRecord | null> {
    return readRecord(room, await this.redis.commands.hgetall(roomKey(room)));
  }

  /** In the order asked for; null where there is no such room. */
  async readMany(rooms: readonly RoomId[]): Promise<(RoomRecord | null)[]> {
    return Promise.all(rooms.map((room) => this.read(room)));
  }

  /** What a list shows of each record, in the order asked for; null where there is no such room. */
  async readListed(rooms: readonly RoomId[]): Promise<(Pick<RoomRecord, 'id' | 'game' | 'status' | 'doc'> | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'game', 'status', 'doc')));
    return all.map(([rev, game, status, doc], index) =>
      rev && doc ? { id: rooms[index], game: game as string, status: status as RoomStatus, doc: decodeRoomDoc(doc) } : null,
    );
  }

  /** The little of each record that is enough to see whether there is anything to do; null where there is no such room. */
  async glance(rooms: readonly RoomId[]): Promise<(RoomGlance | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(
      rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'status', 'owner', 'incarnation', 'private', 'game', 'epoch', 'round')),
    );
    return all.map(([rev, status, owner, incarnation, isPrivate, game, epoch, round], index) => {
      if (!rev) return null;
      const at = { rev: Number(rev), epoch: Number(epoch ?? 0), round: Number(round ?? 0) };
      const known = { id: rooms[index], game: game ?? '', ...at, status: status as RoomStatus };
      return { ...known, owner: ownerOf(owner, incarnation), private: isPrivate === null ? null : isPrivate === '1' };
    });
  }

  /**
   * The room's record; null where there is one of that id. The indexes are written first, so that a crash in between leaves
   * entries without a room, not a room nobody finds.
   */
  async create(id: RoomId, game: string, doc: RoomDoc, status: RoomStatus = 'waiting'): Promise<RoomRecord | null> {
    const indexed = this.redis.commands.zadd(ROOMS_KEY, doc.createdAt, id);
    await Promise.all([indexed, ...(doc.private ? [] : [this.enlist(id, game, doc.createdAt)])]);
    const saved = await this.write(id, '', doc, status, '', game);
    return saved && readRecord(id, { game, doc: encodeRoomDoc(doc), status, ...saved });
  }

  /**
   * As it is now; null when somebody else changed the room since `record` was read: nothing is written then. Throws `unavailable` before
   * the store is settled.
   */
  async save(record: RoomRecord, change: { doc?: RoomDoc; status?: RoomStatus; start?: string }): Promise<RoomRecord | null> {
    const { doc = record.doc, status = record.status, start = record.start } = change;
    const saved = await this.write(record.id, String(record.rev), doc, change.status ?? '', change.start ?? '', '');
    return saved && { ...record, doc, status, start, rev: Number(saved.rev), since: Number(saved.since) };
  }

  /** Ends a room nobody plays in. False where `save` gives null. Throws `unavailable` before the store is settled. */
  async close(record: RoomRecord, reason: string): Promise<boolean> {
    this.refuseUnsettled();
    const keys = [roomKey(record.id), logKey(record.id), checkpointKey(record.id), closedKey(record.id)];
    const closed = (await closeScript.run(this.redis.commands, keys, [record.rev, reason, CLOSED_MS])) === 1;
    if (closed) await Promise.all([this.unindex([record.id]), ...(record.doc.private ? [] : [this.unlist([record.id], [record.game])])]);
    return closed;
  }

  /** Writes a record again, as it was read last, into a store that lost it or has an older one; the game in it is its owner's to write. */
  async restore(record: RoomRecord): Promise<Restored> {
    const { id, rev, doc, game, status, round, result, since, start, epoch } = record;
    const keys = [roomKey(id), logKey(id), checkpointKey(id), closedKey(id)];
    const args = [rev, encodeRoomDoc(doc), game, status, round, result === null ? '' : JSON.stringify(result), since, start ?? '', epoch];
    args.push(doc.private ? '1' : '0');
    const restored = RESTORED[(await restoreScript.run(this.redis.commands, keys, args)) as number];
    if (restored !== 'restored') return restored;
    await Promise.all([this.index([id], doc.createdAt), ...(doc.private ? [] : [this.enlist(id, game, doc.createdAt)])]);
    return restored;
  }

  /** Ids in the index, newest first. Some may have no record (any more). */
  async list(limit: number, offset = 0): Promise<RoomId[]> {
    return this.redis.commands.zrevrange(ROOMS_KEY, offset, offset + limit - 1);
  }

  /** Newest first, from `after` on, whether that is still there or not. Rooms that come or go meanwhile move no other to another page. */
  async page(after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    return this.pageOf(ROOMS_KEY, after, limit);
  }

  private async pageOf(key: string, after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    if (after === null) return this.entriesOf(key, '+inf', 0, limit);
    const found: IndexEntry[] = [];
    // Redis orders rooms of one millisecond by id, and a cursor may stand among them: those before it are read and left out.
    for (let from = 0; ; from += limit + TIES) {
      const entries = await this.entriesOf(key, after.createdAt, from, limit + TIES);
      found.push(...entries.filter(({ room, createdAt }) => createdAt < after.createdAt || room < after.room));
      if (found.length >= limit || entries.length < limit + TIES) return found.slice(0, limit);
    }
  }

  private async entriesOf(key: string, newest: number | '+inf', from: number, count: number): Promise<IndexEntry[]> {
    const flat = await this.redis.commands.zrevrangebyscore(key, newest, '-inf', 'WITHSCORES', 'LIMIT', from, count);
    return Array.from({ length: flat.length / 2 }, (_, index) => ({ room: flat[2 * index], createdAt: Number(flat[2 * index + 1]) }));
  }

  // ── Which rooms are public. Other slots of a Cluster than the record, so a hint: readers drop entries without a record,
  //    and the sweeper adds what is missing. ──────────────────────────────────────────────────────────────────────

  /** Pages as `page` does, through the public rooms only; of one game, or of all. */
  async listed(game: string | undefined, after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    return this.pageOf(game === undefined ? LISTED_KEY : listedKey(game), after, limit);
  }

  /** A public room. Adding it twice is adding it once. */
  async enlist(room: RoomId, game: string, createdAt: number): Promise<void> {
    const { commands } = this.redis;
    const noted = this.gamesNoted.has(game) ? [] : [commands.sadd(LISTED_GAMES_KEY, game)];
    await Promise.all([...noted, commands.zadd(LISTED_KEY, createdAt, room), commands.zadd(listedKey(game), createdAt, room)]);
    this.gamesNoted.add(game);
  }

  /** These are no public rooms (any more). `games`: which they may be of; where that is not known, all there are. */
  async unlist(rooms: readonly RoomId[], games?: readonly string[]): Promise<void> {
    if (rooms.length === 0) return;
    const { commands } = this.redis;
    // A store that was emptied has forgotten those that this process noted before.
    const all = games ?? [...(await commands.smembers(LISTED_GAMES_KEY)), ...this.gamesNoted];
    await Promise.all([LISTED_KEY, ...new Set(all.map(listedKey))].map((key) => commands.zrem(key, ...rooms)));
  }

  /** Which of these are listed, among the rooms of their game and among all. */
  async areListed(rooms: readonly Pick<RoomRecord, 'id' | 'game'>[]): Promise<boolean[]> {
    const byKey = new Map<string, RoomId[]>();
    for (const { id, game } of rooms) {
      for (const key of [LISTED_KEY, listedKey(game)]) byKey.set(key, [...(byKey.get(key) ?? []), id]);
    }
    const missing = new Set<RoomId>();
    await Promise.all(
      [...byKey].map(async ([key, ids]) => {
        const scores = await this.redis.commands.zmscore(key, ...ids);
        for (const [index, id] of ids.entries()) if (scores[index] === null) missing.add(id);
      }),
    );
    return rooms.map(({ id }) => !missing.has(id));
  }

  async count(): Promise<number> {
    return this.redis.commands.zcard(ROOMS_KEY);
  }

  async index(rooms: readonly RoomId[], at: number): Promise<void> {
    if (rooms.length > 0) await this.redis.commands.zadd(ROOMS_KEY, ...rooms.flatMap((room) => [at, room]));
  }

  async unindex(rooms: readonly RoomId[]): Promise<void> {
    if (rooms.length > 0) await this.redis.commands.zrem(ROOMS_KEY, ...rooms);
  }

  /** What is written on top of an older copy, before those who know the newer one have written that, would have the newer one's revision. */
  private refuseUnsettled(): void {
    this.generation?.refuseUnsettled();
  }

  private async write(id: RoomId, rev: string, doc: RoomDoc, status: string, start: string, game: string): Promise<Saved | null> {
    this.refuseUnsettled();
    const args = [rev, encodeRoomDoc(doc), status, start, game, TOLD_DOC_BYTES_MAX, doc.private ? '1' : '0'];
    const [newRev, since] = (await saveScript.run(this.redis.commands, [roomKey(id)], args)) as string[];
    return newRev === undefined ? null : { rev: newRev, since };
  }

  // ── Which rooms an incarnation of a game server may own: written before the room's record, so never short ──────

  async noteOwner(rooms: readonly RoomId[], server: ServerId, incarnation: number): Promise<void> {
    if (rooms.length === 0) return;
    await Promise.all([
      this.redis.commands.sadd(OWNERS_KEY, `${server} ${incarnation}`),
      this.redis.commands.sadd(roomsOfKey(server, incarnation), ...rooms),
    ]);
  }

  /** All whose index may hold something, living and dead. */
  async owners(): Promise<RoomOwnership[]> {
    const entries = await this.redis.commands.smembers(OWNERS_KEY);
    return entries.map((entry) => {
      const [server, incarnation] = entry.split(' ');
      return { server: server as ServerId, incarnation: Number(incarnation) };
    });
  }

  /** Its index is empty, and it is gone for good. */
  async forgetOwnersIndex({ server, incarnation }: RoomOwnership): Promise<void> {
    await this.redis.commands.srem(OWNERS_KEY, `${server} ${incarnation}`);
  }

  async forgetOwner(rooms: readonly RoomId[], server: ServerId, incarnation: number): Promise<void> {
    if (rooms.length > 0) await this.redis.commands.srem(roomsOfKey(server, incarnation), ...rooms);
  }

  async roomsOf(server: ServerId, incarnation: number): Promise<RoomId[]> {
    return this.redis.commands.smembers(roomsOfKey(server, incarnation));
  }

  /** The same for those who have time, some at a time: an index may hold ten thousand. One room may come twice. */
  async *someRoomsOf(server: ServerId, incarnation: number): AsyncGenerator<RoomId[]> {
    let cursor = '0';
    do {
      const [next, rooms] = await this.redis.commands.sscan(roomsOfKey(server, incarnation), cursor, 'COUNT', INDEX_PAGE);
      if (rooms.length > 0) yield rooms;
      cursor = next;
      if (cursor !== '0') await pause(INDEX_BREATH_MS);
    } while (cursor !== '0');
  }
}
