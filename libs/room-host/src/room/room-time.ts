import type { RoomSurroundings } from '#libs/room';

/**
 * The room time of one room, in whole ms since 1970, for `room.now` and the room's timers. It runs at the speed of this server's estimate
 * of store time, which uses the monotonic clock, so changes of the wall clock have no influence. The room time of an adopted room can be
 * ahead of this server's store time, and stays ahead.
 */
export class RoomTime implements RoomSurroundings {
  private readonly aheadMs: number;

  /** @param startsAt the current room time, in ms; when left out, the room time is the time of `clock` */
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
