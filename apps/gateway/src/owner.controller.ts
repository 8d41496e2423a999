import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { OwnerTies } from '#libs/edge';
import type { LinkPeer } from '#libs/link';
import type { Control } from '#libs/protocol';

/** Messages of room owners to this gateway. */
@Controller()
export class OwnerController {
  constructor(private readonly ties: OwnerTies) {}

  @EventPattern('room.detached')
  detached(@Payload() event: Control['room.detached']['data'], @Ctx() peer: unknown): void {
    this.ties.ownerDetached(peer as LinkPeer, event);
  }
}
