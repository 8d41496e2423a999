import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { RoomId, RoomStatus, ServerId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import { checkpointKey, closedKey, logKey, OWNERS_KEY, ROOMS_KEY, roomKey, roomsOfKey } from './room-keys.js';
import { ownerOf, type RoomDoc, type RoomGlance, type RoomOwnership, type RoomRecord, readRecord } from './room-record.js';

const saveScript = new LuaScript('save_room', new URL('./scripts/save-room.lua', import.meta.url), 1);
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

/** What the store says of a write, as it holds it. */
interface Saved extends Readonly<Record<string, string>> {
  readonly rev: string;
  readonly since: string;
}

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
  constructor(private readonly redis: RedisConnections) {}

  async read(room: RoomId): Promise<RoomRecord | null> {
    return readRecord(room, await this.redis.commands.hgetall(roomKey(room)));
  }

  /** In the order asked for; null where there is no such room. */
  async readMany(rooms: readonly RoomId[]): Promise<(RoomRecord | null)[]> {
    return Promise.all(rooms.map((room) => this.read(room)));
  }

  /** The little of each record that is enough to see whether there is anything to do; null where there is no such room. */
  async glance(rooms: readonly RoomId[]): Promise<(RoomGlance | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'status', 'owner', 'incarnation')));
    return all.map(([rev, status, owner, incarnation], index) =>
      rev ? { id: rooms[index], rev: Number(rev), status: status as RoomStatus, owner: ownerOf(owner, incarnation) } : null,
    );
  }

  /**
   * The room's record; null where there is one of that id. The index is written first, so that a crash in between leaves
   * an entry without a room, not a room nobody finds.
   */
  async create(id: RoomId, game: string, doc: RoomDoc, status: RoomStatus = 'waiting'): Promise<RoomRecord | null> {
    await this.redis.commands.zadd(ROOMS_KEY, doc.createdAt, id);
    const saved = await this.write(id, '', doc, status, '', game);
    return saved && readRecord(id, { game, doc: JSON.stringify(doc), status, ...saved });
  }

  /** As it is now; null when somebody else changed the room since `record` was read: nothing is written then. */
  async save(record: RoomRecord, change: { doc?: RoomDoc; status?: RoomStatus; start?: string }): Promise<RoomRecord | null> {
    const { doc = record.doc, status = record.status, start = record.start } = change;
    const saved = await this.write(record.id, String(record.rev), doc, change.status ?? '', change.start ?? '', '');
    return saved && { ...record, doc, status, start, rev: Number(saved.rev), since: Number(saved.since) };
  }

  /** Ends a room nobody plays in. False where `save` gives null. */
  async close(record: RoomRecord, reason: string): Promise<boolean> {
    const keys = [roomKey(record.id), logKey(record.id), checkpointKey(record.id), closedKey(record.id)];
    const closed = (await closeScript.run(this.redis.commands, keys, [record.rev, reason, CLOSED_MS])) === 1;
    if (closed) await this.unindex([record.id]);
    return closed;
  }

  /** Ids in the index, newest first. Some may have no record (any more). */
  async list(limit: number, offset = 0): Promise<RoomId[]> {
    return this.redis.commands.zrevrange(ROOMS_KEY, offset, offset + limit - 1);
  }

  /**
   * Newest first, from `after` on. Rooms that come or go meanwhile move nobody from one page to another, except where
   * `after` itself has gone and others were made in its very millisecond.
   */
  async page(after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    const { commands } = this.redis;
    const rank = after && (await commands.zrevrank(ROOMS_KEY, after.room));
    const from = after === null ? 0 : typeof rank === 'number' ? rank + 1 : await commands.zcount(ROOMS_KEY, after.createdAt, '+inf');
    const flat = await commands.zrevrange(ROOMS_KEY, from, from + limit - 1, 'WITHSCORES');
    return Array.from({ length: flat.length / 2 }, (_, index) => ({ room: flat[2 * index], createdAt: Number(flat[2 * index + 1]) }));
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

  private async write(id: RoomId, rev: string, doc: RoomDoc, status: string, start: string, game: string): Promise<Saved | null> {
    const args = [rev, JSON.stringify(doc), status, start, game, TOLD_DOC_BYTES_MAX];
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
