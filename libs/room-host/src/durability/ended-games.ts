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

/** Remembers that the game of a room has ended, so that this server does not adopt the room as a game in play. */
interface Tombstone {
  readonly epoch: number;
  readonly result: GameResult;
  /** Time of the end by the monotonic clock, in ms. */
  readonly endedAt: number;
}

/** An ended game, with all data that this server needs to restore the end. */
interface RecentEnd {
  game: EndedGame;
  readonly endedAt: number;
  /** Estimated memory of `game`, in bytes. */
  readonly bytes: number;
}

/**
 * Remembers the games that ended on this server. The room of an ended game has no owner. So when the store falls back to an earlier moment,
 * only this class can restore the end. It also prevents this server from adopting an older copy of the room as a game in play.
 */
@Injectable()
export class EndedGames implements OnModuleInit {
  /** The ended games, by room, the oldest first. */
  private readonly tombstones = new Map<RoomId, Tombstone>();
  /**
   * The recently ended games, by room, the oldest first. This server can still restore their ends. Each of them also has an entry in
   * `tombstones`.
   */
  private readonly recent = new Map<RoomId, RecentEnd>();
  private recentBytes = 0;
  /** Rooms of ended games that have no record in the store. Either the room is closed, or a gateway will restore its record soon. */
  private missing: readonly RoomId[] = [];
  /** True when the store did not answer the last restoration, so that the next audit must call `restore`. */
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

  /**
   * Returns the result of the room's game that ended on this server in this epoch or a later one. Null: no such game ended here, or its
   * result is forgotten.
   */
  resultOf(room: RoomId, epoch: number): GameResult | null {
    const tombstone = this.tombstones.get(room);
    return tombstone && tombstone.epoch >= epoch ? tombstone.result : null;
  }

  /**
   * Records that all effects of the game that ended in this epoch are done. If the store loses the end of the game and this server writes
   * it again, these effects do not run again.
   */
  effectsDone(room: RoomId, epoch: number): void {
    const end = this.recent.get(room);
    if (end?.game.epoch === epoch) end.game = { ...end.game, effects: [] };
  }

  /**
   * When the store has lost ends of games that are at most one minute old, writes these ends again. Returns their number. Null: the store
   * left at least one request unanswered.
   */
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
        // A store that fell back can list effects that are already done. Removes them from the store, because they must not run a second
        // time.
        if (result === 'ok' && game.effects.length === 0) await this.store.lastEffectsDone(room, [game.batch]);
        return { result, isStored };
      }),
    );
    if (results.some(({ result }) => result === 'unknown')) return null;
    this.missing = games.flatMap(({ room }, index) => (results[index]!.result === 'missing' ? room : []));
    return results.filter(({ result, isStored }) => result === 'ok' && !isStored).length;
  }

  /** True when the last `restore` found an ended game whose room has no record in the store. */
  get hasMissing(): boolean {
    return this.missing.length > 0;
  }

  /**
   * Resolves `ENDED_DURABLE_MS` after the last end of a game on this server. A server waits for this promise before it exits, because no
   * other server can restore the effects and the epilogue. Within this time, a Redis that writes to disk once a second has written both to
   * disk.
   */
  async untilDurable(): Promise<void> {
    let last = Number.NEGATIVE_INFINITY;
    for (const { endedAt } of this.recent.values()) last = Math.max(last, endedAt);
    const ms = last + ENDED_DURABLE_MS - performance.now();
    if (ms > 0) await sleep(ms);
  }

  /** Restores the ends of games whose rooms had no record, once the gateways have restored the records. */
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
      // Counts the size of the state once for each view in the epilogue: one view for each player and one for the spectators.
      const bytes = (size.bytes + ENTRY_BYTES) * (value.seats.length + 1);
      this.recent.set(id, { game, endedAt, bytes });
      this.recentBytes += bytes;
    }
    this.forgetOld();
  }

  /**
   * Removes the old entries at the front, and stops at the first entry that is not old. A loop over all entries would be slow when a
   * thousand games end in one tick.
   */
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
