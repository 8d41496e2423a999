import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { GameResult, RoomId } from '#libs/protocol';
import { type EndedGame, RoomLog } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import type { HostedRoom } from './hosted-room.js';
import { HostedRooms } from './hosted-rooms.js';
import {
  ENDED_BYTES_MAX,
  ENDED_DURABLE_MS,
  ENDED_KEPT_MS,
  ENDED_REMEMBERED_MAX,
  ENDED_REMEMBERED_MS,
  ENDED_WHOLE_MAX,
} from './room-host.options.js';

/** What is remembered of a game for longer: enough to keep it ended. */
interface Tombstone {
  readonly epoch: number;
  readonly result: GameResult;
  readonly endedAt: number;
  /** Whole, to be written again should the store lose the end; null: no more. */
  game: EndedGame | null;
  /** About how much memory `game` takes. */
  readonly bytes: number;
}

/**
 * The games that ended on this server. A room is nobody's after that, so only this memory can write an end again that a store has lost
 * which fell back to an earlier moment; and only this memory keeps the server from taking the older copy for a game of its own.
 */
@Injectable()
export class EndedGames {
  /** The oldest first. */
  private readonly tombstones = new Map<RoomId, Tombstone>();
  /** Rooms of which the store had no record: nobody is in them any more, or a gateway is about to write it again. */
  private missing: readonly RoomId[] = [];
  private whole = 0;
  private bytes = 0;

  constructor(
    private readonly roomLog: RoomLog,
    rooms: HostedRooms,
    settlement: StoreSettlement,
    log: Log,
  ) {
    settlement.onSettled(() => {
      this.restoreMissing().catch((error: unknown) => log.debug('ended-games.unrestored', { error: String(error) }));
    });
    rooms.onDropped((room, reason) => {
      if (reason === 'ended') this.add(room);
    });
  }

  /** The result of a game of the room that ended here in this epoch or a later one; null: none is remembered. */
  resultOf(room: RoomId, epoch: number): GameResult | null {
    const tombstone = this.tombstones.get(room);
    return tombstone && tombstone.epoch >= epoch ? tombstone.result : null;
  }

  /** All effects of that game are done, so none is written again. */
  effectsDone(room: RoomId, epoch: number): void {
    const tombstone = this.tombstones.get(room);
    if (tombstone?.epoch === epoch && tombstone.game) tombstone.game = { ...tombstone.game, effects: [] };
  }

  /**
   * Writes the ends of the last minute again, where the store has lost them. Gives how many it had lost, or null where it did not
   * answer.
   */
  async restore(): Promise<number | null> {
    this.forgetOld();
    this.missing = [];
    const games = [...this.tombstones].flatMap(([room, { game }]) => (game ? [{ room, game }] : []));
    if (games.length === 0) return 0;
    const standings = await this.roomLog.standings(games.map(({ room }) => room));
    const results = await Promise.all(
      games.map(async ({ room, game }, index) => {
        const isKept = standings[index]?.status !== 'playing' && (standings[index]?.epoch ?? 0) >= game.epoch;
        const result = await this.roomLog.restoreEnd(room, game);
        // What was done already is not to be found, and done, once more.
        if (result === 'ok' && game.effects.length === 0) await this.roomLog.lastEffectsDone(room, [game.batch]);
        return { result, isKept };
      }),
    );
    if (results.some(({ result }) => result === 'unknown')) return null;
    this.missing = games.flatMap(({ room }, index) => (results[index].result === 'missing' ? room : []));
    return results.filter(({ result, isKept }) => result === 'ok' && !isKept).length;
  }

  /** The store has no record of a room whose game ended here. A gateway may be about to write it again. */
  get hasMissing(): boolean {
    return this.missing.length > 0;
  }

  /**
   * Resolves when the last game that ended here did so `ENDED_DURABLE_MS` ago: for a server that is to leave, since nobody else could
   * write its effects and its epilogue again. A Redis that writes to disk once a second has them by then.
   */
  async untilDurable(): Promise<void> {
    let last = Number.NEGATIVE_INFINITY;
    for (const { endedAt } of this.tombstones.values()) last = Math.max(last, endedAt);
    const ms = last + ENDED_DURABLE_MS - performance.now();
    if (ms > 0) await pause(ms);
  }

  /** Gateways have written what they know: whoever missed the end of the game finds it there. */
  private async restoreMissing(): Promise<void> {
    const { missing } = this;
    this.missing = [];
    await Promise.all(
      missing.map(async (room) => {
        const game = this.tombstones.get(room)?.game;
        if (game) await this.roomLog.restoreEnd(room, game);
      }),
    );
  }

  private add(room: HostedRoom): void {
    const { id, tenure, value, bytesMeasured } = room;
    if (!value.ended) return;
    const game = room.endedGame;
    this.remove(id);
    // The epilogue holds what each player may see of the last state.
    const bytes = (bytesMeasured + ENTRY_BYTES) * (value.seats.length + 1);
    this.tombstones.set(id, { epoch: tenure.epoch, result: value.ended, endedAt: performance.now(), game, bytes });
    if (game) {
      this.whole += 1;
      this.bytes += bytes;
    }
    this.forgetOld();
  }

  private forgetOld(): void {
    const now = performance.now();
    for (const [room, tombstone] of this.tombstones) {
      const ageMs = now - tombstone.endedAt;
      const isOld = ageMs > ENDED_REMEMBERED_MS || this.tombstones.size > ENDED_REMEMBERED_MAX;
      if (isOld) this.remove(room);
      else if (tombstone.game && (ageMs > ENDED_KEPT_MS || this.whole > ENDED_WHOLE_MAX || this.bytes > ENDED_BYTES_MAX))
        this.shorten(tombstone);
      else if (tombstone.game) return;
    }
  }

  private remove(room: RoomId): void {
    const tombstone = this.tombstones.get(room);
    if (!tombstone) return;
    this.shorten(tombstone);
    this.tombstones.delete(room);
  }

  private shorten(tombstone: Tombstone): void {
    if (!tombstone.game) return;
    tombstone.game = null;
    this.whole -= 1;
    this.bytes -= tombstone.bytes;
  }
}

/** Of an ended game without its states. */
const ENTRY_BYTES = 1_024;
