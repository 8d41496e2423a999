import { Injectable } from '@nestjs/common';
import { Extension } from '#libs/extension';
import type { ServerRecord } from '#libs/fleet';
import { StoreContact } from '#libs/health';
import { StoreClock } from '#libs/redis';
import { OwnerHeartbeats } from '#libs/room-store';

/**
 * Reads the age of a game server's heartbeat (`hf:alive:…`), which the server writes once a second. Without a heartbeat, returns the age of
 * the server's registration, because a server that has not written a heartbeat in this time cannot store the changes of its rooms either.
 */
@Injectable()
@Extension(StoreContact)
export class OwnerContact extends StoreContact {
  constructor(
    private readonly heartbeats: OwnerHeartbeats,
    private readonly clock: StoreClock,
  ) {
    super();
  }

  override async silentMs({ id, type, incarnation, registeredAt }: ServerRecord): Promise<number | null> {
    const heartbeat = await this.heartbeats.last({ server: id, incarnation });
    if (heartbeat) return heartbeat.ageMs;
    return type === 'game' && registeredAt > 0 ? Math.max(0, this.clock.storeTime() - registeredAt) : null;
  }
}
