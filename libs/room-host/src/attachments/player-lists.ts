import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LINK_KIND } from '#libs/link';
import { encodeServerMessage } from '#libs/protocol';
import type { Change } from '#libs/room';
import { Appender } from '../durability/appender.js';
import type { HostedRoom } from '../room/hosted-room.js';
import { playersOf } from '../room/players-of.js';

/** Sends the new list of players to all sessions of a room when somebody has taken a seat. */
@Injectable()
export class PlayerLists implements OnModuleInit {
  constructor(private readonly appender: Appender) {}

  onModuleInit(): void {
    this.appender.onCommitted(({ room, changes }) => {
      if (room.attachments.size > 0 && changes.some((change) => seatsSomebody(change, room.durable.seats.length))) this.send(room);
    });
  }

  private send(room: HostedRoom): void {
    const frame = encodeServerMessage({ kind: 'players', room: room.id, players: playersOf(room.durable) });
    for (const { peer, handle } of room.attachments) peer.sendSessionFrame(LINK_KIND.toPlayer, handle, room.tenure.epoch, frame);
  }
}

/** Returns whether somebody takes a seat in the change. `count`: the number of seats after the change. */
function seatsSomebody({ seats }: Change, count: number): boolean {
  if (!seats) return false;
  // Loops over numbers, because this code runs for every command, and listing an object's numeric keys is slow.
  for (let seat = 0; seat < count; seat++) if (seats[seat]?.joined) return true;
  return false;
}
