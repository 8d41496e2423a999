import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { RoomLink } from '#libs/edge';
import type { LinkPeer } from '#libs/link';
import type { Control } from '#libs/protocol';

/** What owners of rooms tell this gateway. */
@Controller()
export class OwnerController {
  constructor(private readonly rooms: RoomLink) {}

  @EventPattern('room.detached')
  detached(@Payload() event: Control['room.detached']['data'], @Ctx() peer: unknown): void {
    this.rooms.ownerDetached(peer as LinkPeer, event);
  }
}
