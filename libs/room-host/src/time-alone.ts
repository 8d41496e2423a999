import { Injectable } from '@nestjs/common';
import type { RoomTenure } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type AdoptedRoom, OwnerLife, type OwnerSign, type RoomOwnership } from '#libs/room-store';
import type { HostedRoom } from './hosted-room.js';
import { RoomEngine } from './room-engine.js';
import { RoomTime } from './room-time.js';

/**
 * What is known of the last owner's time, as of now. `aloneMs`: for how long nobody has owned the room, in ms, and by how much the
 * room's time jumps ahead because it changes its owner. `now`: the room's time.
 */
export interface SinceOwner {
  readonly aloneMs: number;
  readonly now: number;
}

export type SinceLastOwner = (tenure: RoomTenure) => SinceOwner;

/** Two servers measure the store's time with an error of some ms. More than this is another clock, in ms. */
const SAME_CLOCK_MS = 1_000;

/** Time in which nobody owned a room counts against no player: its next owner's first input takes it out. */
@Injectable()
export class TimeAlone {
  constructor(
    private readonly life: OwnerLife,
    private readonly engine: RoomEngine,
    private readonly clock: StoreClock,
  ) {}

  /** A room that names `me` was handed over by plan, or is mine already: it was never alone. */
  async sinceLastOwner(tenures: readonly RoomTenure[], me: RoomOwnership): Promise<SinceLastOwner> {
    const signs = new Map<string, OwnerSign & { readonly readAt: number }>();
    for (const { server, incarnation } of tenures) {
      const key = `${server}:${incarnation}`;
      if (signs.has(key) || (server === me.server && incarnation === me.incarnation)) continue;
      const sign = await this.life.lastSign({ server, incarnation });
      if (sign !== null) signs.set(key, { ...sign, readAt: performance.now() });
    }
    return ({ server, incarnation }) => {
      const now = this.clock.now();
      const sign = signs.get(`${server}:${incarnation}`);
      if (!sign) return { aloneMs: 0, now };
      const silentMs = sign.silentMs + performance.now() - sign.readAt;
      if (sign.clock === null) return { aloneMs: silentMs, now };
      const { aloneMs, now: roomNow } = this.goOn(sign.clock + silentMs);
      return { aloneMs: silentMs + aloneMs, now: Math.abs(roomNow - now) > SAME_CLOCK_MS ? roomNow : now };
    };
  }

  /** The time of a room on this owner: it never goes back, whatever the clock of the owner before said. */
  timeOf({ handedAt, checkpoint, log }: Pick<AdoptedRoom, 'handedAt' | 'checkpoint' | 'log'>, since: SinceOwner) {
    const { aloneMs, now } = handedAt === null ? since : this.goOn(handedAt);
    const known = Math.max(log.changes.at(-1)?.at ?? 0, checkpoint?.tail?.at ?? 0);
    return { time: new RoomTime(this.clock, Math.max(now, known)), aloneMs };
  }

  /** Before anything else happens to the room: that it was done is told by there being a change. */
  takeOut(room: HostedRoom, { pausedMs, log }: Pick<AdoptedRoom, 'pausedMs' | 'log'>, aloneMs: number): void {
    // Whoever made the last change lived then, whatever was heard of it since.
    const last = pausedMs === 0 ? log.changes.at(-1) : undefined;
    const sinceLast = last ? Math.max(0, room.time.now() - last.at) : Number.POSITIVE_INFINITY;
    const ms = Math.round(pausedMs + Math.min(aloneMs, sinceLast));
    if (ms > 0 && !room.value.ended) this.engine.input(room, { kind: 'paused', ms });
  }

  /**
   * From the time by the last owner's clock to this server's. Where the store's clock was set between them, a jump ahead is taken
   * out like time without an owner, and a room that is ahead stays ahead.
   */
  private goOn(theirs: number): SinceOwner {
    const mine = this.clock.now();
    return mine - theirs > SAME_CLOCK_MS ? { aloneMs: mine - theirs, now: mine } : { aloneMs: 0, now: theirs };
  }
}
