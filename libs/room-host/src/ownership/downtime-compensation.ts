import { Injectable } from '@nestjs/common';
import type { RoomTenure } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type AdoptedRoom, type OwnerHeartbeat, OwnerHeartbeats, type RoomOwnership } from '#libs/room-store';
import { RoomEngine } from '../engine/room-engine.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { RoomTime } from '../room/room-time.js';

/**
 * The downtime of a room and the room time after it, both in ms. `downtimeMs`: the time without an owner, plus the jump if somebody set the
 * store's clock ahead in this time. `now`: the room time on the new owner.
 */
export interface Downtime {
  readonly downtimeMs: number;
  readonly now: number;
}

export type DowntimeOf = (tenure: RoomTenure) => Downtime;

/**
 * Largest difference between two servers' estimates of the same store time, in ms. A larger difference means that somebody set the store's
 * clock.
 */
const SAME_CLOCK_MS = 1_000;

/**
 * Delays the timers of a room by its downtime, so that players do not lose that time. The compensation is the room's first input on the
 * next owner.
 */
@Injectable()
export class DowntimeCompensation {
  constructor(
    private readonly heartbeats: OwnerHeartbeats,
    private readonly engine: RoomEngine,
    private readonly clock: StoreClock,
  ) {}

  /**
   * Reads the heartbeats of the last owners. Returns a function that computes the downtime of a room from its last owner. The downtime is 0
   * when the last owner is `me`.
   */
  async measure(tenures: readonly RoomTenure[], me: RoomOwnership): Promise<DowntimeOf> {
    const heartbeats = new Map<string, OwnerHeartbeat & { readonly readAt: number }>();
    for (const { server, incarnation } of tenures) {
      const key = `${server}:${incarnation}`;
      if (heartbeats.has(key) || (server === me.server && incarnation === me.incarnation)) continue;
      const heartbeat = await this.heartbeats.last({ server, incarnation });
      if (heartbeat !== null) heartbeats.set(key, { ...heartbeat, readAt: performance.now() });
    }
    return ({ server, incarnation }) => {
      const now = this.clock.now();
      const heartbeat = heartbeats.get(`${server}:${incarnation}`);
      if (!heartbeat) return { downtimeMs: 0, now };
      const ageMs = heartbeat.ageMs + performance.now() - heartbeat.readAt;
      if (heartbeat.clock === null) return { downtimeMs: ageMs, now };
      const { downtimeMs, now: roomNow } = this.continueFrom(heartbeat.clock + ageMs);
      return { downtimeMs: ageMs + downtimeMs, now: Math.abs(roomNow - now) > SAME_CLOCK_MS ? roomNow : now };
    };
  }

  /**
   * Returns the downtime, and the room time on this owner. The room time never goes back, even if this owner's clock is behind the last
   * owner's clock.
   */
  timeOf({ handedAt, checkpoint, log }: Pick<AdoptedRoom, 'handedAt' | 'checkpoint' | 'log'>, since: Downtime) {
    const { downtimeMs, now } = handedAt === null ? since : this.continueFrom(handedAt);
    const known = Math.max(log.changes.at(-1)?.at ?? 0, checkpoint?.tail?.at ?? 0);
    return { time: new RoomTime(this.clock, Math.max(now, known)), downtimeMs };
  }

  /**
   * Delays the timers of the room by its downtime. Call it before any other input. The compensation is a stored change, so a later owner
   * does not compensate the same downtime again.
   */
  compensate(room: HostedRoom, { pausedMs, log }: Pick<AdoptedRoom, 'pausedMs' | 'log'>, downtimeMs: number): void {
    // Limits the downtime to the time since the last change. The owner was alive at that change, even if its last heartbeat is older.
    const last = pausedMs === 0 ? log.changes.at(-1) : undefined;
    const sinceLast = last ? Math.max(0, room.time.now() - last.at) : Number.POSITIVE_INFINITY;
    const ms = Math.round(pausedMs + Math.min(downtimeMs, sinceLast));
    if (ms > 0 && !room.value.ended) this.engine.input(room, { kind: 'paused', ms });
  }

  /**
   * Returns the room time at which the room continues on this server. When somebody set the store's clock ahead during the downtime, the
   * jump is a part of the downtime. When this server's clock is behind the room time, the room time stays ahead of the clock.
   */
  private continueFrom(theirs: number): Downtime {
    const mine = this.clock.now();
    return mine - theirs > SAME_CLOCK_MS ? { downtimeMs: mine - theirs, now: mine } : { downtimeMs: 0, now: theirs };
  }
}
