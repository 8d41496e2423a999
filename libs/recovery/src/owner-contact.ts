import { Injectable } from '@nestjs/common';
import { Extension } from '#libs/extension';
import type { ServerRecord } from '#libs/fleet';
import { StoreContact } from '#libs/health';
import { OwnerHeartbeats } from '#libs/room-store';

/** Reads the age of a game server's heartbeat (`hf:alive:…`), which the server writes once a second. Null: there is no heartbeat. */
@Injectable()
@Extension(StoreContact)
export class OwnerContact extends StoreContact {
  constructor(private readonly heartbeats: OwnerHeartbeats) {
    super();
  }

  override async silentMs({ id, incarnation }: ServerRecord): Promise<number | null> {
    return (await this.heartbeats.last({ server: id, incarnation }))?.ageMs ?? null;
  }
}
