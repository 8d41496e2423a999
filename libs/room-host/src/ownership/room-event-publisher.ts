import { Injectable, type OnModuleInit } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/**
 * Publishes an operator event when a game ends here, or when this server loses a room. Other classes publish the operator events for the
 * start, recovery and migration of rooms.
 */
@Injectable()
export class RoomEventPublisher implements OnModuleInit {
  constructor(
    private readonly rooms: HostedRooms,
    private readonly sink: EventSink,
    private readonly self: Self,
  ) {}

  onModuleInit(): void {
    this.rooms.onDropped((room, reason) => this.dropped(room, reason));
  }

  private dropped({ id: room, value, tenure: { epoch } }: HostedRoom, reason: string): void {
    const detail = { game: value.game, version: value.version, epoch };
    const server = this.self.id;
    if (reason === 'ended') {
      const { reason: why = 'finished', message } = value.ended ?? {};
      this.sink.publish({
        kind: 'room.ended',
        room,
        server,
        reason: why,
        detail: { ...detail, ...(message !== undefined && { message }) },
      });
    }
    if (reason !== 'ended' && reason !== 'moved') this.sink.publish({ kind: 'room.dropped', room, server, reason, detail });
  }
}
