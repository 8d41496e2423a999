import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { inBatches } from '#libs/async';
import type { LeftReason, RoomId } from '#libs/protocol';
import { PubSub, RedisConnections } from '#libs/redis';
import { type RoomDigest, type RoomRecord, RoomRecords, readNews, roomKey, StoreGeneration } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { COMPARE_RETRY_MS, FOLLOW_POLL_MS, FOLLOW_TICK_MS, RECORD_READ_MS, UNSETTLED_READ_MS } from '../edge.options.js';
import { RoomRestorer } from './room-restorer.js';

export interface RoomListener {
  changed(record: RoomRecord): void;
  closed(room: RoomId, reason: LeftReason): void;
}

interface CachedRoom {
  readonly id: RoomId;
  followers: number;
  record: RoomRecord | null;
  /**
   * The store generation in which the cache last received or compared `record`. Null: the generation was unknown, or there is no record.
   */
  generation: string | null;
  /** True while the cache subscribes to the room. The cache does not read the room before it has subscribed. */
  isSubscribing: boolean;
  /** The running read of the record, which resolves to false when it failed. Null: no read is running. */
  reading: Promise<boolean> | null;
  mustReadAgain: boolean;
  readonly handler: (message: string) => void;
  /**
   * Callbacks of `whenKnown`. The cache calls them when it accepts a record, when a comparison shows that the record is current, and when
   * the room is closed.
   */
  readonly waiters: Set<() => void>;
}

/**
 * Keeps the records of the rooms whose members or spectators are at this gateway. Each write of a record publishes the change. The cache
 * also compares its records with the store, periodically and after each reconnect, because publications may be lost. While a restarted
 * store is not settled, the cache accepts no record and reports no room as closed, because a record may be missing or have an older
 * revision. After the store is settled, the cache compares all rooms.
 */
@Injectable()
export class RoomRecordCache implements OnModuleInit, OnModuleDestroy {
  private readonly rooms = new Map<RoomId, CachedRoom>();
  private listener: RoomListener | null = null;
  /** The iterator of the poll over all rooms. One pass takes `FOLLOW_POLL_MS`. */
  private round: Iterator<RoomId> = this.rooms.keys();
  /**
   * Number of rooms that the poll must compare now. Each tick adds a fraction of the number of all rooms. A remainder below 1 stays for the
   * next tick.
   */
  private due = 0;
  private reconnects = 0;
  private isOpen = true;

  constructor(
    private readonly records: RoomRecords,
    private readonly redis: RedisConnections,
    private readonly pubSub: PubSub,
    private readonly log: Log,
    private readonly settlement: StoreSettlement,
    private readonly generation: StoreGeneration,
    private readonly restorer: RoomRestorer,
  ) {}

  onModuleInit(): void {
    this.pubSub.onReconnect(() => void this.compareAll());
  }

  /** Sets the listener for all rooms. There is only one listener. */
  onChange(listener: RoomListener): void {
    this.listener = listener;
  }

  /**
   * Begins to follow a room. Each call needs a later call of `unfollow`. Returns the record, or null when the cache does not have the
   * record yet. The first call for a room also reads the record and passes it to the listener.
   */
  follow(id: RoomId): RoomRecord | null {
    let room = this.rooms.get(id);
    if (!room) {
      const handler = (message: string): void => this.receivePublication(id, message);
      room = {
        id,
        followers: 0,
        record: null,
        generation: null,
        isSubscribing: true,
        reading: null,
        mustReadAgain: false,
        handler,
        waiters: new Set(),
      };
      this.rooms.set(id, room);
      void this.subscribe(room);
    }
    room.followers += 1;
    return room.record;
  }

  unfollow(id: RoomId): void {
    const room = this.rooms.get(id);
    if (!room) return;
    room.followers -= 1;
    if (room.followers > 0) return;
    this.rooms.delete(id);
    this.pubSub.unsubscribe(roomKey(id), room.handler).catch(() => {});
  }

  /**
   * Resolves when this gateway has the record of this store generation at revision `rev` or later. A caller waits for this, because the
   * gateway can restore a revision in the store only after it has received the revision. Resolves also when the room is closed, when a
   * record arrives or is compared in a later store generation, and after `timeoutMs`. The cache follows the room until the end of the
   * event-loop tick, so that a caller can follow the room in the same tick without a second read.
   */
  async whenKnown(id: RoomId, rev: number, timeoutMs: number): Promise<void> {
    if (this.isKnownAt(this.rooms.get(id), rev)) return;
    this.follow(id);
    const room = this.rooms.get(id) as CachedRoom;
    const { current } = this.generation;
    // The publication of the record normally arrives before the lobby's answer. If the publication was lost, this read gets the record.
    const reading = setTimeout(() => this.refresh(id), RECORD_READ_MS);
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        room.waiters.delete(check);
        resolve();
      };
      const check = (): void => {
        const isLaterRun = current !== null && this.generation.current !== current;
        if (!room.record || isLaterRun || this.isKnownAt(room, rev)) end();
      };
      const timer = setTimeout(end, timeoutMs);
      room.waiters.add(check);
    });
    clearTimeout(reading);
    setImmediate(() => this.unfollow(id));
  }

  private isKnownAt(room: CachedRoom | undefined, rev: number): boolean {
    const { current } = this.generation;
    return room?.record != null && room.record.rev >= rev && (current === null || room.generation === current);
  }

  get(id: RoomId): RoomRecord | null {
    return this.rooms.get(id)?.record ?? null;
  }

  all(): RoomRecord[] {
    return [...this.rooms.values()].flatMap(({ record }) => record ?? []);
  }

  /**
   * Compares all rooms with the settled store, and repeats failed comparisons. The listener receives each room, also each unchanged room,
   * before the promise resolves. The promise resolves early when this process stops, or when the store has a new generation, for which
   * another call follows.
   */
  async compareSettled(): Promise<void> {
    const { current: generation } = this.generation;
    await this.compareEach(true, () => (this.generation.current ?? generation) !== generation);
  }

  /**
   * Compares all rooms in small batches, and repeats failed comparisons until `isOver` returns true or this process stops. With `reportAll`
   * the listener also receives unchanged rooms.
   */
  private async compareEach(reportAll: boolean, isOver: () => boolean): Promise<void> {
    for await (const some of inBatches([...this.rooms.keys()], { pauseMs: 0 })) {
      let due = await this.compareAndRead(some, reportAll);
      while (due.length > 0 && this.isOpen && !isOver()) {
        await pause(COMPARE_RETRY_MS);
        due = await this.compareAndRead(due, reportAll);
      }
    }
  }

  /** Returns the rooms for which the comparison or the read failed. */
  private async compareAndRead(rooms: readonly RoomId[], reportAll: boolean): Promise<readonly RoomId[]> {
    if (!(await this.compare(rooms, reportAll))) return rooms;
    const isDone = await Promise.all(rooms.map((id) => this.rooms.get(id)?.reading ?? true));
    return rooms.filter((_, index) => !isDone[index]);
  }

  /** Reads the record of a followed room again. If a read is running, starts another read after it. */
  refresh(id: RoomId): void {
    const room = this.rooms.get(id);
    if (!room || room.isSubscribing) return;
    if (room.reading) room.mustReadAgain = true;
    else
      room.reading = this.read(room).finally(() => {
        room.reading = null;
      });
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }

  /**
   * Subscribes to the Redis channel of the room before the first read. In the other order, a change between the two steps would be lost.
   */
  private async subscribe(room: CachedRoom): Promise<void> {
    await this.pubSub.subscribe(roomKey(room.id), room.handler).catch(() => {});
    room.isSubscribing = false;
    if (this.rooms.get(room.id) === room) this.refresh(room.id);
  }

  private receivePublication(id: RoomId, message: string): void {
    const room = this.rooms.get(id);
    if (!room || !this.settlement.isSettled) return;
    // A publication describes a change to the record in the current store generation, so it cannot be applied to a cached record from an
    // earlier generation.
    const base = room.generation === this.generation.current ? room.record : null;
    const news = readNews(base, message);
    switch (news.kind) {
      case 'closed':
        return this.close(room, news.reason);
      case 'record':
        return this.accept(room, news.record);
      default:
        return this.refresh(id);
    }
  }

  /**
   * Reads the record of a room and handles its changes. Returns false when the store did not answer or is not settled, or when its
   * generation changed.
   */
  private async read(room: CachedRoom): Promise<boolean> {
    try {
      do {
        room.mustReadAgain = false;
        const known = room.record;
        const { current } = this.generation;
        const record = await this.records.read(room.id);
        if (this.rooms.get(room.id) !== room) return true;
        // Ignores the record, because it may be an older revision. `compareSettled` compares all rooms once the store is settled.
        if (!this.settlement.isSettled || this.generation.current !== current) return false;
        if (room.record !== known) room.mustReadAgain = true;
        else if (record && (!known || record.rev > known.rev)) this.accept(room, record);
        else if (record && record.rev === known?.rev) {
          // An equal revision means an equal document. In another store generation the owner of the game may still differ, so the cache
          // accepts the record again.
          if (room.generation !== current) this.accept(room, record);
        } else if (known) await this.restore(room, known, record);
        else if (await this.settlement.isStillSettled()) this.close(room, 'room-unknown');
        else setTimeout(() => this.refresh(room.id), UNSETTLED_READ_MS).unref();
      } while (room.mustReadAgain);
      return true;
    } catch (error) {
      this.log.debug('room.read-failed', { roomId: room.id, error });
      return false;
    }
  }

  private accept(room: CachedRoom, record: RoomRecord): void {
    room.record = record;
    room.generation = this.generation.current;
    this.listener?.changed(record);
    for (const check of room.waiters) check();
  }

  private close(room: CachedRoom, reason: LeftReason): void {
    this.listener?.closed(room.id, reason);
    // Drops the record. Otherwise a request that still waits for the record would bind its session to a closed room.
    room.record = null;
    for (const check of room.waiters) check();
  }

  /**
   * Handles a record that is missing in the store or older than in this cache. Either the publication of the close was lost, or the store
   * lost data.
   */
  private async restore(room: CachedRoom, known: RoomRecord, record: RoomRecord | null): Promise<void> {
    switch (await this.restorer.restore(known, record === null)) {
      case 'closed':
        return this.close(room, 'room-unknown');
      case 'superseded':
        if (record && room.record === known) this.accept(room, record);
        return;
      case 'known':
        room.mustReadAgain = true;
        return;
      case 'restored':
        this.log.info('room.restored', { roomId: room.id, rev: known.rev });
    }
  }

  /**
   * Compares all cached records with the store after `PubSub` has reconnected, because publications were lost before. Repeats failed
   * comparisons until the next reconnect of `PubSub`, because the other connection to Redis, over which the cache reads, may still be
   * closed.
   */
  private async compareAll(): Promise<void> {
    const reconnect = ++this.reconnects;
    await this.compareEach(false, () => this.reconnects !== reconnect);
  }

  /** Compares the next rooms of the poll, which goes through all rooms in `FOLLOW_POLL_MS`. */
  @Interval(FOLLOW_TICK_MS)
  async compareNext(): Promise<void> {
    this.due += (this.rooms.size * FOLLOW_TICK_MS) / FOLLOW_POLL_MS;
    const some: RoomId[] = [];
    for (; this.due >= 1; this.due--) {
      const next = this.round.next();
      if (next.done) this.round = this.rooms.keys();
      else some.push(next.value);
    }
    await this.compare(some);
  }

  /**
   * Reads the rooms whose record in the store differs from the cached record. With `reportAll`, the listener also receives the unchanged
   * rooms. Returns false when the store did not answer, is not ready or is not settled, or when its generation changed.
   */
  private async compare(rooms: readonly RoomId[], reportAll = false): Promise<boolean> {
    if (rooms.length === 0) return true;
    if (!this.redis.isReady || !this.settlement.isSettled) return false;
    try {
      const { current } = this.generation;
      const digests = await this.records.readDigests(rooms);
      if (this.generation.current !== current) return false;
      for (const [index, id] of rooms.entries()) {
        const room = this.rooms.get(id);
        if (!room?.record || !isSame(room.record, digests[index]!)) this.refresh(id);
        else {
          room.generation = current;
          if (reportAll) this.listener?.changed(room.record);
          for (const check of room.waiters) check();
        }
      }
      return true;
    } catch (error) {
      this.log.debug('rooms.compare-failed', { error });
      return false;
    }
  }
}

function isSame(known: RoomRecord, digest: RoomDigest | null): boolean {
  return digest !== null && (['rev', 'status', 'epoch', 'round'] as const).every((field) => known[field] === digest[field]);
}
