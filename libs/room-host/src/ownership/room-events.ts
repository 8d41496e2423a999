import { Injectable } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/** Tells operators which games end here, and which rooms this server had to let go. Starts, recoveries and moves are told by who makes them. */
@Injectable()
export class RoomEvents {
  constructor(
    rooms: HostedRooms,
    private readonly sink: EventSink,
    private readonly self: Self,
  ) {
    rooms.onDropped((room, reason) => this.dropped(room, reason));
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
