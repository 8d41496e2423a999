import { Injectable } from '@nestjs/common';
import type { RoomTenure } from '#libs/protocol';
import { type AdoptedRoom, OwnerLife, type RoomOwnership } from '#libs/room-store';
import type { HostedRoom } from './hosted-room.js';
import { RoomEngine } from './room-engine.js';

/** For how long the owner of this tenure has been gone, in ms, as of now. */
export type AloneMs = (tenure: RoomTenure) => number;

/** Time in which nobody owned a room counts against no player: its next owner's first input takes it out. */
@Injectable()
export class TimeAlone {
  constructor(
    private readonly life: OwnerLife,
    private readonly engine: RoomEngine,
  ) {}

  /** A room that names `me` was handed over by plan, or is mine already: it was never alone. */
  async sinceLastOwner(tenures: readonly RoomTenure[], me: RoomOwnership): Promise<AloneMs> {
    const goneAt = new Map<string, number>();
    for (const { server, incarnation } of tenures) {
      const key = `${server}:${incarnation}`;
      if (goneAt.has(key) || (server === me.server && incarnation === me.incarnation)) continue;
      const silentMs = await this.life.silentMs({ server, incarnation });
      if (silentMs !== null) goneAt.set(key, performance.now() - silentMs);
    }
    return ({ server, incarnation }) => {
      const at = goneAt.get(`${server}:${incarnation}`);
      return at === undefined ? 0 : performance.now() - at;
    };
  }

  /** Before anything else happens to the room: that it was done is told by there being a change. */
  takeOut(room: HostedRoom, { pausedMs, log }: Pick<AdoptedRoom, 'pausedMs' | 'log'>, aloneMs: number): void {
    // Whoever made the last change lived then, whatever was heard of it since.
    const last = pausedMs === 0 ? log.changes.at(-1) : undefined;
    const sinceLast = last ? Math.max(0, Date.now() - last.at) : Number.POSITIVE_INFINITY;
    const ms = Math.round(pausedMs + Math.min(aloneMs, sinceLast));
    if (ms > 0 && !room.value.ended) this.engine.input(room, { kind: 'paused', ms });
  }
}
