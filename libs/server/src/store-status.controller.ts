import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import type { Control } from '#libs/protocol';
import { StoreHealth } from '#libs/redis';

/** Tells other servers over links whether this server can write to the store. */
@Controller()
export class StoreStatusController {
  constructor(private readonly store: StoreHealth) {}

  @MessagePattern('store.status')
  status(): Control['store.status']['answer'] {
    return { wroteMs: this.store.wroteMs };
  }
}
