import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { OwnerAttachments } from '#libs/edge';
import type { LinkPeer } from '#libs/link';
import type { Control } from '#libs/protocol';

/** Receives the messages of room owners to this gateway. */
@Controller()
export class OwnerController {
  constructor(private readonly attachments: OwnerAttachments) {}

  @EventPattern('room.detached')
  detached(@Payload() event: Control['room.detached']['data'], @Ctx() peer: unknown): void {
    this.attachments.ownerDetached(peer as LinkPeer, event);
  }
}
