import { Injectable } from '@nestjs/common';
import type { RoomTenure } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type AdoptedRoom, type OwnerHeartbeat, OwnerHeartbeats, type RoomOwnership } from '#libs/room-store';
import { RoomEngine } from '../engine/room-engine.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { RoomTime } from '../room/room-time.js';

/**
 * What is known of the last owner's time, as of now. `downtimeMs`: for how long nobody has owned the room, in ms, and by how much the
 * room's time jumps ahead because it changes its owner. `now`: the room's time.
 */
export interface Downtime {
  readonly downtimeMs: number;
  readonly now: number;
}

export type DowntimeOf = (tenure: RoomTenure) => Downtime;

/** Two servers measure the store's time with an error of some ms. More than this is another clock, in ms. */
const SAME_CLOCK_MS = 1_000;

/** Time in which nobody owned a room counts against no player: its next owner's first input takes it out. */
@Injectable()
export class DowntimeCompensation {
  constructor(
    private readonly heartbeats: OwnerHeartbeats,
    private readonly engine: RoomEngine,
    private readonly clock: StoreClock,
  ) {}

  /** A room that names `me` was handed over by plan, or is mine already: it was never alone. */
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

  /** The time of a room on this owner: it never goes back, whatever the clock of the owner before said. */
  timeOf({ handedAt, checkpoint, log }: Pick<AdoptedRoom, 'handedAt' | 'checkpoint' | 'log'>, since: Downtime) {
    const { downtimeMs, now } = handedAt === null ? since : this.continueFrom(handedAt);
    const known = Math.max(log.changes.at(-1)?.at ?? 0, checkpoint?.tail?.at ?? 0);
    return { time: new RoomTime(this.clock, Math.max(now, known)), downtimeMs };
  }

  /** Before anything else happens to the room: that it was done is told by there being a change. */
  compensate(room: HostedRoom, { pausedMs, log }: Pick<AdoptedRoom, 'pausedMs' | 'log'>, downtimeMs: number): void {
    // Whoever made the last change lived then, whatever was heard of it since.
    const last = pausedMs === 0 ? log.changes.at(-1) : undefined;
    const sinceLast = last ? Math.max(0, room.time.now() - last.at) : Number.POSITIVE_INFINITY;
    const ms = Math.round(pausedMs + Math.min(downtimeMs, sinceLast));
    if (ms > 0 && !room.value.ended) this.engine.input(room, { kind: 'paused', ms });
  }

  /**
   * From the time by the last owner's clock to this server's. Where the store's clock was set between them, a jump ahead is taken
   * out like time without an owner, and a room that is ahead stays ahead.
   */
  private continueFrom(theirs: number): Downtime {
    const mine = this.clock.now();
    return mine - theirs > SAME_CLOCK_MS ? { downtimeMs: mine - theirs, now: mine } : { downtimeMs: 0, now: theirs };
  }
}
