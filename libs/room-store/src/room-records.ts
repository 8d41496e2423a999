import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { HoldfastError, type LeftReason, type RoomId, type RoomMetadata, type RoomStatus, type ServerId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import type { Tenure } from './append.js';
import { decodeRoomDoc, encodeRoomDoc } from './room-doc-codec.js';
import {
  allListedKey,
  checkpointKey,
  closedKey,
  inviteKey,
  listedGamesKey,
  listedKey,
  logKey,
  ownersKey,
  roomKey,
  roomsKey,
  roomsOfKey,
} from './room-keys.js';
import { metadataOf, ownerOf, type RoomDigest, type RoomDoc, type RoomOwnership, type RoomRecord, readRecord } from './room-record.js';
import type { ListedRecord } from './room-view.js';
import { StoreGeneration } from './store-generation.js';

const saveScript = new LuaScript('save_room', new URL('./scripts/save-room.lua', import.meta.url), 1);
const metadataScript = new LuaScript('set_metadata', new URL('./scripts/set-metadata.lua', import.meta.url), 1);
const lockScript = new LuaScript('lock_room', new URL('./scripts/lock-room.lua', import.meta.url), 1);
const restoreScript = new LuaScript('restore_room', new URL('./scripts/restore-room.lua', import.meta.url), 4);
const closeScript = new LuaScript('close_room', new URL('./scripts/close-room.lua', import.meta.url), 4);

/**
 * Time for which the store remembers that a room was closed, in ms. A server that was suspended for longer than this could restore the
 * closed room.
 */
const CLOSED_MS = 600_000;

/** Maximum size of a published document, in bytes. Redis keeps a copy of each message in memory for each gateway. */
const PUBLISHED_DOC_BYTES_MAX = 8_192;

/** Maximum number of entries of an index that one call reads. Such a call takes about a millisecond. */
const INDEX_PAGE = 250;
/** Delay between two calls that read a part of an index, in ms. */
const INDEX_PAUSE_MS = 5;

/**
 * Number of entries that a page reads in addition to its limit. With them, one read is usually enough even when several rooms were created
 * in the same millisecond.
 */
const SAME_MS_ROOMS = 8;

/** The revision and time of a record after a write. */
interface Saved extends Readonly<Record<string, string>> {
  readonly rev: string;
  readonly since: string;
}

/**
 * `restored`: the record was written again. `closed`: nothing was written, because the room is closed. `known`: nothing was written,
 * because the store has this revision or a later one.
 */
export type Restored = 'restored' | 'closed' | 'known';

const RESTORED: readonly Restored[] = ['restored', 'closed', 'known'];

/** A room's position in the index of all rooms. */
export interface IndexEntry {
  readonly room: RoomId;
  readonly createdAt: number;
}

/**
 * The records of rooms as the lobby reads and writes them. Every write is a compare-and-set on the revision that was read. Of two
 * concurrent writers one succeeds, and the other reads the record again.
 */
@Injectable()
export class RoomRecords implements OnModuleInit {
  /** Games that this process has added to `listedGamesKey()`. */
  private readonly gamesNoted = new Set<string>();
  private readonly closedListeners: ((room: RoomId) => void)[] = [];

  constructor(
    private readonly redis: RedisConnections,
    /**
     * Until the store is settled, `create`, `save`, `lock` and `close` throw `unavailable`. Absent: these methods do not wait for the
     * store.
     */
    @Optional() private readonly generation?: StoreGeneration,
  ) {}

  onModuleInit(): void {
    // Adds the games again after a reconnect, because a store that was restarted may have lost their entries.
    this.generation?.onConnected(() => this.gamesNoted.clear());
  }

  /** Calls `listener` for each room that this process closes. */
  onClosed(listener: (room: RoomId) => void): void {
    this.closedListeners.push(listener);
  }

  async read(room: RoomId): Promise<RoomRecord | null> {
    return readRecord(room, await this.redis.commands.hgetall(roomKey(room)));
  }

  /** @throws `room-unknown` when there is no room with this id */
  async mustRead(room: RoomId): Promise<RoomRecord> {
    const record = await this.read(room);
    if (!record) throw new HoldfastError('room-unknown');
    return record;
  }

  /** Reads the records of rooms, in the order of the ids. Null: there is no room with this id. */
  async readMany(rooms: readonly RoomId[]): Promise<(RoomRecord | null)[]> {
    return Promise.all(rooms.map((room) => this.read(room)));
  }

  /** Reads the fields that the list of rooms shows, in the order of the ids. Null: there is no room with this id. */
  async readListed(rooms: readonly RoomId[]): Promise<(ListedRecord | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(
      rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'game', 'status', 'doc', 'start', 'locked', 'metadata')),
    );
    return all.map(([rev, game, status, doc, start, locked, metadata], index) => {
      if (!rev || !doc) return null;
      const known = { id: rooms[index]!, game: game as string, status: status as RoomStatus, doc: decodeRoomDoc(doc) };
      return { ...known, ...(locked && locked === start && { isLocked: true as const }), ...metadataOf({ metadata, start }) };
    });
  }

  /**
   * Returns one text for each room, in the order of the ids. The text changes whenever a field changes that the list of rooms shows. Null:
   * there is no room with this id.
   */
  async readListDigests(rooms: readonly RoomId[]): Promise<(string | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'epoch', 'locked', 'metadata')));
    return all.map((fields) => (fields[0] ? fields.join(' ') : null));
  }

  /** Reads the few fields that show whether a record must be repaired, in the order of the ids. Null: there is no room with this id. */
  async readDigests(rooms: readonly RoomId[]): Promise<(RoomDigest | null)[]> {
    const { commands } = this.redis;
    const all = await Promise.all(
      rooms.map((room) => commands.hmget(roomKey(room), 'rev', 'status', 'owner', 'incarnation', 'private', 'game', 'epoch', 'round')),
    );
    return all.map(([rev, status, owner, incarnation, isPrivate, game, epoch, round], index) => {
      if (!rev) return null;
      const at = { rev: Number(rev), epoch: Number(epoch ?? 0), round: Number(round ?? 0) };
      const known = { id: rooms[index]!, game: game ?? '', ...at, status: status as RoomStatus };
      return { ...known, owner: ownerOf(owner, incarnation), private: isPrivate === null ? null : isPrivate === '1' };
    });
  }

  /**
   * Creates a record and returns it. Null: the id is in use. Writes the indexes first, because an index entry without a room is harmless,
   * but a room without an entry would not be found.
   * @throws `unavailable` before the store is settled
   */
  async create(id: RoomId, game: string, doc: RoomDoc, status: RoomStatus = 'waiting'): Promise<RoomRecord | null> {
    const indexed = this.redis.commands.zadd(roomsKey(), doc.createdAt, id);
    await Promise.all([indexed, ...(doc.private ? [] : [this.enlist(id, game, doc.createdAt)])]);
    const saved = await this.write(id, '', doc, status, '', game);
    return saved && readRecord(id, { game, doc: encodeRoomDoc(doc), status, ...saved });
  }

  /**
   * Writes the lobby's part of a record, and returns the new record. Null: nothing was written, because the room has changed since `record`
   * was read.
   *
   * @throws `unavailable` before the store is settled
   */
  async save(record: RoomRecord, change: { doc?: RoomDoc; status?: RoomStatus; start?: string }): Promise<RoomRecord | null> {
    const { doc = record.doc, status = record.status, start = record.start } = change;
    const saved = await this.write(record.id, String(record.rev), doc, change.status ?? '', change.start ?? '', '');
    return saved && { ...record, doc, status, start, rev: Number(saved.rev), since: Number(saved.since) };
  }

  /**
   * Stores whether the game of this owner is locked for new players. Idempotent. Returns false, without a write, when this owner no longer
   * owns the room or the game is over.
   * @throws `unavailable` before the store is settled
   */
  async lock(room: RoomId, { epoch, server, incarnation }: Tenure, isLocked: boolean): Promise<boolean> {
    this.refuseUnsettled();
    return (await lockScript.run(this.redis.commands, [roomKey(room)], [epoch, server, incarnation, isLocked ? '1' : '0'])) === 0;
  }

  /**
   * Stores the metadata of the running game for the list of rooms. Null: the game has none. Idempotent. Returns false, without a write,
   * when this owner no longer owns the room or the game is over.
   */
  async setMetadata(room: RoomId, { epoch, server, incarnation }: Tenure, metadata: RoomMetadata | null): Promise<boolean> {
    const args = [epoch, server, incarnation, metadata === null ? '' : JSON.stringify(metadata)];
    return (await metadataScript.run(this.redis.commands, [roomKey(room)], args)) === 0;
  }

  /**
   * Closes a room without a running game. Returns false when a game runs, or when the room has changed since `record` was read.
   *
   * @throws `unavailable` before the store is settled
   */
  async close(record: RoomRecord, reason: LeftReason): Promise<boolean> {
    this.refuseUnsettled();
    const keys = [roomKey(record.id), logKey(record.id), checkpointKey(record.id), closedKey(record.id)];
    const closed = (await closeScript.run(this.redis.commands, keys, [record.rev, reason, CLOSED_MS])) === 1;
    if (!closed) return false;
    const { private: isPrivate, code } = record.doc;
    await Promise.all([
      this.unindex([record.id]),
      ...(isPrivate ? [] : [this.unlist([record.id], [record.game])]),
      ...(code ? [this.redis.commands.del(inviteKey(code))] : []),
    ]);
    for (const listener of this.closedListeners) listener(record.id);
    return closed;
  }

  /** Returns whether a room with this id was closed within the last `CLOSED_MS`. */
  async wasClosed(room: RoomId): Promise<boolean> {
    return (await this.redis.commands.exists(closedKey(room))) === 1;
  }

  /**
   * Restores the last known record in a store that lost it or has an older one. Never writes the status `playing`, because only the owner
   * restores a running game.
   */
  async restore(record: RoomRecord): Promise<Restored> {
    const { id, rev, doc, game, status, round, result, since, start, epoch } = record;
    const keys = [roomKey(id), logKey(id), checkpointKey(id), closedKey(id)];
    const args = [rev, encodeRoomDoc(doc), game, status, round, result === null ? '' : JSON.stringify(result), since, start ?? '', epoch];
    args.push(doc.private ? '1' : '0');
    const restored = RESTORED[(await restoreScript.run(this.redis.commands, keys, args)) as number]!;
    if (restored !== 'restored') return restored;
    await Promise.all([this.index([id], doc.createdAt), ...(doc.private ? [] : [this.enlist(id, game, doc.createdAt)])]);
    return restored;
  }

  /** Returns ids from the index of all rooms, newest first. Some of these rooms possibly have no record. */
  async list(limit: number, offset = 0): Promise<RoomId[]> {
    return (await this.redis.commands.zrevrange(roomsKey(), offset, offset + limit - 1)) as RoomId[];
  }

  /**
   * Returns a page of the index of all rooms, newest first, after the position `after`. Pages do not shift when rooms are added or removed,
   * even if the room at `after` no longer exists.
   */
  async page(after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    return this.pageOf(roomsKey(), after, limit);
  }

  private async pageOf(key: string, after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    if (after === null) return this.entriesOf(key, '+inf', 0, limit);
    const found: IndexEntry[] = [];
    // Redis orders rooms of the same millisecond by id. The first read returns all rooms that have the same millisecond as `after`. So this
    // loop skips `after` and the rooms before it.
    for (let from = 0; ; from += limit + SAME_MS_ROOMS) {
      const entries = await this.entriesOf(key, after.createdAt, from, limit + SAME_MS_ROOMS);
      found.push(...entries.filter(({ room, createdAt }) => createdAt < after.createdAt || room < after.room));
      if (found.length >= limit || entries.length < limit + SAME_MS_ROOMS) return found.slice(0, limit);
    }
  }

  private async entriesOf(key: string, newest: number | '+inf', from: number, count: number): Promise<IndexEntry[]> {
    const flat = await this.redis.commands.zrevrangebyscore(key, newest, '-inf', 'WITHSCORES', 'LIMIT', from, count);
    return Array.from({ length: flat.length / 2 }, (_, index) => ({
      room: flat[2 * index] as RoomId,
      createdAt: Number(flat[2 * index + 1]),
    }));
  }

  // The indexes of public rooms are hints, because they are in other slots of a Cluster than the records. Readers drop entries without a
  // record, and the sweeper adds missing entries.

  /** Returns a page of the public rooms of one game, or of all games, as `page` does. */
  async listed(game: string | undefined, after: IndexEntry | null, limit: number): Promise<IndexEntry[]> {
    return this.pageOf(game === undefined ? allListedKey() : listedKey(game), after, limit);
  }

  /** Adds a public room to the indexes. Idempotent. */
  async enlist(room: RoomId, game: string, createdAt: number): Promise<void> {
    const { commands } = this.redis;
    const noted = this.gamesNoted.has(game) ? [] : [commands.sadd(listedGamesKey(), game)];
    await Promise.all([...noted, commands.zadd(allListedKey(), createdAt, room), commands.zadd(listedKey(game), createdAt, room)]);
    this.gamesNoted.add(game);
  }

  /** Removes rooms from the indexes of public rooms. `games`: the games whose indexes possibly contain them. Absent: all games. */
  async unlist(rooms: readonly RoomId[], games?: readonly string[]): Promise<void> {
    if (rooms.length === 0) return;
    const { commands } = this.redis;
    // Includes the games that this process has added, because a store that was emptied has lost its set of games.
    const all = games ?? [...(await commands.smembers(listedGamesKey())), ...this.gamesNoted];
    await Promise.all([allListedKey(), ...new Set(all.map(listedKey))].map((key) => commands.zrem(key, ...rooms)));
  }

  /** Returns for each room whether it is in both indexes: the index of its game, and the index of all public rooms. */
  async areListed(rooms: readonly Pick<RoomRecord, 'id' | 'game'>[]): Promise<boolean[]> {
    const byKey = new Map<string, RoomId[]>();
    for (const { id, game } of rooms) {
      for (const key of [allListedKey(), listedKey(game)]) byKey.set(key, [...(byKey.get(key) ?? []), id]);
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
    return this.redis.commands.zcard(roomsKey());
  }

  async index(rooms: readonly RoomId[], at: number): Promise<void> {
    if (rooms.length > 0) await this.redis.commands.zadd(roomsKey(), ...rooms.flatMap((room) => [at, room]));
  }

  async unindex(rooms: readonly RoomId[]): Promise<void> {
    if (rooms.length > 0) await this.redis.commands.zrem(roomsKey(), ...rooms);
  }

  /**
   * Throws `unavailable` until the living servers have compared their data with this run of Redis (`StoreGeneration.isSettled`). Otherwise
   * a write to an older copy of a record could get the same revision as newer content that a gateway has not restored yet.
   */
  private refuseUnsettled(): void {
    this.generation?.refuseUnsettled();
  }

  private async write(id: RoomId, rev: string, doc: RoomDoc, status: string, start: string, game: string): Promise<Saved | null> {
    this.refuseUnsettled();
    const args = [rev, encodeRoomDoc(doc), status, start, game, PUBLISHED_DOC_BYTES_MAX, doc.private ? '1' : '0'];
    const [newRev, since = ''] = (await saveScript.run(this.redis.commands, [roomKey(id)], args)) as string[];
    return newRev === undefined ? null : { rev: newRev, since };
  }

  // The following methods use the index of the rooms that an incarnation of a game server possibly owns. An entry is written before the
  // room's record, so no room is missing from the index.

  async noteOwner(rooms: readonly RoomId[], server: ServerId, incarnation: number): Promise<void> {
    if (rooms.length === 0) return;
    await Promise.all([
      this.redis.commands.sadd(ownersKey(), `${server} ${incarnation}`),
      this.redis.commands.sadd(roomsOfKey(server, incarnation), ...rooms),
    ]);
  }

  /** Returns all incarnations whose index possibly has entries, including dead incarnations. */
  async owners(): Promise<RoomOwnership[]> {
    const entries = await this.redis.commands.smembers(ownersKey());
    return entries.map((entry) => {
      const [server, incarnation] = entry.split(' ');
      return { server: server as ServerId, incarnation: Number(incarnation) };
    });
  }

  /** Removes an ended incarnation of a server from the set of owners. Call it only when the incarnation owns no rooms any more. */
  async forgetOwnersIndex({ server, incarnation }: RoomOwnership): Promise<void> {
    await this.redis.commands.srem(ownersKey(), `${server} ${incarnation}`);
  }

  async forgetOwner(rooms: readonly RoomId[], server: ServerId, incarnation: number): Promise<void> {
    if (rooms.length > 0) await this.redis.commands.srem(roomsOfKey(server, incarnation), ...rooms);
  }

  async roomsOf(server: ServerId, incarnation: number): Promise<RoomId[]> {
    return (await this.redis.commands.smembers(roomsOfKey(server, incarnation))) as RoomId[];
  }

  /** Yields the rooms of `roomsOf` in parts, with pauses, because an index can have ten thousand entries. A room can occur twice. */
  async *someRoomsOf(server: ServerId, incarnation: number): AsyncGenerator<RoomId[]> {
    let cursor = '0';
    do {
      const [next, rooms] = await this.redis.commands.sscan(roomsOfKey(server, incarnation), cursor, 'COUNT', INDEX_PAGE);
      if (rooms.length > 0) yield rooms as RoomId[];
      cursor = next;
      if (cursor !== '0') await pause(INDEX_PAUSE_MS);
    } while (cursor !== '0');
  }
}
