import { Injectable } from '@nestjs/common';
import type { ServerRecord } from '#libs/fleet';
import { StoreContact } from '#libs/health';
import { OwnerLife } from '#libs/room-store';

/** Reads the age of a game server's heartbeat (`hf:alive:…`), which the server writes once a second. */
@Injectable()
export class OwnerContact extends StoreContact {
  constructor(private readonly life: OwnerLife) {
    super();
  }

  override async silentMs({ id, incarnation }: ServerRecord): Promise<number | null> {
    return (await this.life.lastSign({ server: id, incarnation }))?.silentMs ?? null;
  }
}
