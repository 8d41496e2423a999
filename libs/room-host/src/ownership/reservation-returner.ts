import { Injectable, type OnModuleInit } from '@nestjs/common';
import { TickBatch } from '#libs/async';
import { Self } from '#libs/fleet';
import { ENDED_AT_ONCE_MAX, LoadBalancerService } from '#libs/placement';
import type { RoomId } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Cancels the reservation of a room as soon as its game has ended. Otherwise a rematch within the lease would stay on this server, even if
 * other servers have more free slots. One call cancels the reservations of all games that end in one event-loop tick.
 */
@Injectable()
export class ReservationReturner implements OnModuleInit {
  /** Sends the batch within the current event-loop tick, so that the reservation is cancelled before a player can request the next game. */
  private readonly ended = new TickBatch<RoomId>('microtask', (rooms) => this.giveBack(rooms));

  constructor(
    private readonly rooms: HostedRooms,
    private readonly balancer: LoadBalancerService,
    private readonly self: Self,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.rooms.onDropped(({ id }, reason) => {
      if (reason === 'ended') this.ended.add(id);
    });
  }

  private giveBack(ended: readonly RoomId[]): void {
    const { id: server, incarnation } = this.self;
    for (let at = 0; at < ended.length; at += ENDED_AT_ONCE_MAX) {
      const rooms = ended.slice(at, at + ENDED_AT_ONCE_MAX);
      this.balancer
        .gamesEnded({ server, incarnation }, rooms)
        // Ignores a failure, because the lease of the reservation expires.
        .catch((error: unknown) => this.log.debug('placement.give-back-failed', { rooms: rooms.length, error }));
    }
  }
}
