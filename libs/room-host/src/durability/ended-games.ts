import { Injectable, type OnModuleInit } from '@nestjs/common';
import { sleep } from '#libs/async';
import type { GameResult, RoomId } from '#libs/protocol';
import { type EndedGame, EndedGameStore, RoomLog } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import {
  ENDED_BYTES_MAX,
  ENDED_DURABLE_MS,
  ENDED_KEPT_MS,
  ENDED_REMEMBERED_MAX,
  ENDED_REMEMBERED_MS,
  ENDED_WHOLE_MAX,
} from '../room-host.options.js';

/** The fact that a game ended. While it is known, this server does not adopt the room as a game in play. */
interface Tombstone {
  readonly epoch: number;
  readonly result: GameResult;
  /** Time of the end by the monotonic clock, in ms. */
  readonly endedAt: number;
}

/** An end that this server can write again. */
interface RecentEnd {
  game: EndedGame;
  readonly endedAt: number;
  /** Estimated memory of `game`, in bytes. */
  readonly bytes: number;
}

/**
 * Remembers the games that ended on this server. The room of an ended game has no owner. So when the store falls back to an earlier moment,
 * only this class can write the end again. It also prevents this server from adopting the older copy as a game in play.
 */
@Injectable()
export class EndedGames implements OnModuleInit {
  /** The ended games, by room, the oldest first. */
  private readonly tombstones = new Map<RoomId, Tombstone>();
  /** The ends that can be written again, by room, the oldest first. Each has a tombstone. */
  private readonly recent = new Map<RoomId, RecentEnd>();
  private recentBytes = 0;
  /** Rooms without a record in the store. Either they are closed, or a gateway is about to write their record again. */
  private missing: readonly RoomId[] = [];
  /** Whether the next audit must call `restore`, because the store did not answer when it was settled. */
  mustRestore = false;

  constructor(
    private readonly roomLog: RoomLog,
    private readonly store: EndedGameStore,
    private readonly rooms: HostedRooms,
    private readonly settlement: StoreSettlement,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.settlement.onSettled(() => {
      this.restoreMissing().catch((error: unknown) => this.log.debug('ended-games.unrestored', { error }));
    });
    this.rooms.onDropped((room, reason) => {
      if (reason === 'ended') this.add(room);
    });
  }

  /** The result of a game of the room that ended here in this epoch or a later one. Null: none is known. */
  resultOf(room: RoomId, epoch: number): GameResult | null {
    const tombstone = this.tombstones.get(room);
    return tombstone && tombstone.epoch >= epoch ? tombstone.result : null;
  }

  /** Notes that all effects of the game that ended in this epoch are done, so that none of them is written again. */
  effectsDone(room: RoomId, epoch: number): void {
    const end = this.recent.get(room);
    if (end?.game.epoch === epoch) end.game = { ...end.game, effects: [] };
  }

  /** Writes the ends of the last minute again where the store has lost them. Returns their number; null when the store did not answer. */
  async restore(): Promise<number | null> {
    this.forgetOld();
    this.missing = [];
    this.mustRestore = false;
    const games = [...this.recent].map(([room, { game }]) => ({ room, game }));
    if (games.length === 0) return 0;
    const stored = await this.roomLog.readTenures(games.map(({ room }) => room));
    const results = await Promise.all(
      games.map(async ({ room, game }, index) => {
        const isStored = stored[index]?.status !== 'playing' && (stored[index]?.epoch ?? 0) >= game.epoch;
        const result = await this.store.restoreEnd(room, game);
        // A store that fell back may list effects that are done. They must not run a second time.
        if (result === 'ok' && game.effects.length === 0) await this.store.lastEffectsDone(room, [game.batch]);
        return { result, isStored };
      }),
    );
    if (results.some(({ result }) => result === 'unknown')) return null;
    this.missing = games.flatMap(({ room }, index) => (results[index]!.result === 'missing' ? room : []));
    return results.filter(({ result, isStored }) => result === 'ok' && !isStored).length;
  }

  /** True when the last `restore` found a room of an ended game without a record in the store. */
  get hasMissing(): boolean {
    return this.missing.length > 0;
  }

  /**
   * Resolves `ENDED_DURABLE_MS` after the last end of a game on this server. A server waits for this before it exits, because no other
   * server can write the effects and the epilogue again. A Redis that writes to disk once a second has them by then.
   */
  async untilDurable(): Promise<void> {
    let last = Number.NEGATIVE_INFINITY;
    for (const { endedAt } of this.recent.values()) last = Math.max(last, endedAt);
    const ms = last + ENDED_DURABLE_MS - performance.now();
    if (ms > 0) await sleep(ms);
  }

  /** Writes the ends of the rooms in `missing`, after the gateways have written the records of these rooms again. */
  private async restoreMissing(): Promise<void> {
    const { missing } = this;
    this.missing = [];
    const results = await Promise.all(
      missing.map(async (room) => {
        const end = this.recent.get(room);
        return end ? this.store.restoreEnd(room, end.game) : 'ok';
      }),
    );
    this.mustRestore = results.includes('unknown');
  }

  private add(room: HostedRoom): void {
    const { id, tenure, value, size } = room;
    if (!value.ended) return;
    this.forget(id);
    const endedAt = performance.now();
    this.tombstones.set(id, { epoch: tenure.epoch, result: value.ended, endedAt });
    const game = room.endedGame;
    if (game) {
      // The epilogue has the view of each player and of the spectators.
      const bytes = (size.bytes + ENTRY_BYTES) * (value.seats.length + 1);
      this.recent.set(id, { game, endedAt, bytes });
      this.recentBytes += bytes;
    }
    this.forgetOld();
  }

  /** Stops at the first entry that stays, because a thousand games may end in one event-loop tick. */
  private forgetOld(): void {
    const now = performance.now();
    for (const [room, { endedAt }] of this.tombstones) {
      if (now - endedAt <= ENDED_REMEMBERED_MS && this.tombstones.size <= ENDED_REMEMBERED_MAX) break;
      this.forget(room);
    }
    for (const [room, { endedAt }] of this.recent) {
      if (now - endedAt <= ENDED_KEPT_MS && this.recent.size <= ENDED_WHOLE_MAX && this.recentBytes <= ENDED_BYTES_MAX) break;
      this.forgetRecent(room);
    }
  }

  private forget(room: RoomId): void {
    this.forgetRecent(room);
    this.tombstones.delete(room);
  }

  private forgetRecent(room: RoomId): void {
    this.recentBytes -= this.recent.get(room)?.bytes ?? 0;
    this.recent.delete(room);
  }
}

/** Estimated memory of an end without its states, in bytes. */
const ENTRY_BYTES = 1_024;
