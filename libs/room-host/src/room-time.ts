import type { RoomSurroundings } from '#libs/room';

/**
 * The time of one room, in whole ms since 1970: what `room.now` is and what its timers are due by. It keeps the pace of this
 * server's store clock, and so of the monotonic one; the wall clock of the host has no part in it. A room that comes from another
 * owner may be some time ahead of this server's clock, and stays so.
 */
export class RoomTime implements RoomSurroundings {
  private readonly aheadMs: number;

  /** @param startsAt the room's time now; the clock's where it is absent. */
  constructor(
    private readonly clock: { now(): number },
    startsAt?: number,
  ) {
    this.aheadMs = startsAt === undefined ? 0 : startsAt - clock.now();
  }

  now(): number {
    return Math.floor(this.clock.now() + this.aheadMs);
  }

  random(): number {
    return Math.random();
  }
}
