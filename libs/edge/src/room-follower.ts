import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { RoomId } from '#libs/protocol';
import { fewAtATime, PubSub, RedisConnections } from '#libs/redis';
import { type RoomRecord, RoomRecords, readNews, roomKey } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { FOLLOW_POLL_MS, FOLLOW_TICK_MS } from './edge.options.js';

/** What a follower is told: the record as it is now, or that the room is no more. */
export interface RoomListener {
  changed(record: RoomRecord): void;
  closed(room: RoomId, reason: string): void;
}

interface Followed {
  readonly id: RoomId;
  followers: number;
  record: RoomRecord | null;
  /** What is asked for meanwhile is read once that is done. */
  isSubscribing: boolean;
  isReading: boolean;
  mustReadAgain: boolean;
  readonly handler: (message: string) => void;
}

/**
 * The records of the rooms that players of this gateway are in, kept up to date: a change is published with the write
 * that makes it; what is missed is found by looking again, after each reconnect and now and then.
 */
@Injectable()
export class RoomFollower implements OnModuleDestroy {
  private readonly rooms = new Map<RoomId, Followed>();
  private listener: RoomListener | null = null;
  private readonly polling: NodeJS.Timeout;
  /** Where the round over all rooms is, and how many of it are due: rooms are looked at one after the other, not at once. */
  private round: Iterator<RoomId> = this.rooms.keys();
  private due = 0;

  constructor(
    private readonly records: RoomRecords,
    private readonly redis: RedisConnections,
    private readonly pubSub: PubSub,
    private readonly log: Log,
  ) {
    pubSub.onReconnect(() => void this.lookAtAll());
    this.polling = setInterval(() => void this.lookOn(), FOLLOW_TICK_MS);
    this.polling.unref();
  }

  /** One listener: what becomes of a room becomes of all its sessions. */
  onChange(listener: RoomListener): void {
    this.listener = listener;
  }

  /** The record as far as it is known; it is read at once, and the listener hears of it. */
  follow(id: RoomId): RoomRecord | null {
    let room = this.rooms.get(id);
    if (!room) {
      const handler = (message: string): void => this.heard(id, message);
      room = { id, followers: 0, record: null, isSubscribing: true, isReading: false, mustReadAgain: false, handler };
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

  get(id: RoomId): RoomRecord | null {
    return this.rooms.get(id)?.record ?? null;
  }

  /** Reads the record again, now. */
  look(id: RoomId): void {
    const room = this.rooms.get(id);
    if (!room || room.isSubscribing) return;
    if (room.isReading) {
      room.mustReadAgain = true;
      return;
    }
    void this.read(room);
  }

  onModuleDestroy(): void {
    clearInterval(this.polling);
  }

  /** Before it is read, so that no change falls in between. */
  private async subscribe(room: Followed): Promise<void> {
    await this.pubSub.subscribe(roomKey(room.id), room.handler).catch(() => {});
    room.isSubscribing = false;
    if (this.rooms.get(room.id) === room) this.look(room.id);
  }

  private heard(id: RoomId, message: string): void {
    const room = this.rooms.get(id);
    if (!room) return;
    const news = readNews(room.record, message);
    switch (news.kind) {
      case 'closed':
        return this.listener?.closed(id, news.reason);
      case 'record':
        room.record = news.record;
        return this.listener?.changed(news.record);
      default:
        return this.look(id);
    }
  }

  private async read(room: Followed): Promise<void> {
    room.isReading = true;
    try {
      do {
        room.mustReadAgain = false;
        const record = await this.records.read(room.id);
        if (this.rooms.get(room.id) !== room) return;
        if (record && room.record && record.rev <= room.record.rev) continue;
        room.record = record;
        if (record) this.listener?.changed(record);
        // Not published: it was gone before we listened, or with a store that lost it; only the second look is believed.
        else if (await this.isGone(room.id)) this.listener?.closed(room.id, 'room-unknown');
      } while (room.mustReadAgain);
    } catch (error) {
      this.log.debug('room.read-failed', { roomId: room.id, error: String(error) });
    } finally {
      room.isReading = false;
    }
  }

  /** A store that was wiped gets its rooms back from their owners within moments. */
  private async isGone(id: RoomId): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return this.rooms.has(id) && (await this.records.read(id)) === null;
  }

  /** What was published while nobody here listened: no time to lose, but not all in one breath. */
  private async lookAtAll(): Promise<void> {
    for await (const some of fewAtATime([...this.rooms.keys()], { breathMs: 0 })) await this.compare(some);
  }

  /** The next few of the round over all rooms. */
  private async lookOn(): Promise<void> {
    this.due += (this.rooms.size * FOLLOW_TICK_MS) / FOLLOW_POLL_MS;
    const some: RoomId[] = [];
    for (; this.due >= 1; this.due--) {
      const next = this.round.next();
      if (next.done) this.round = this.rooms.keys();
      else some.push(next.value);
    }
    await this.compare(some);
  }

  /** Reads those whose record is another than the one that is known. */
  private async compare(rooms: readonly RoomId[]): Promise<void> {
    if (rooms.length === 0 || !this.redis.isReady) return;
    try {
      const glances = await this.records.glance(rooms);
      for (const [index, id] of rooms.entries()) {
        if (glances[index] === null || glances[index].rev !== this.get(id)?.rev) this.look(id);
      }
    } catch (error) {
      this.log.debug('rooms.glance-failed', { error: String(error) });
    }
  }
}
