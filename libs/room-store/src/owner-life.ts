import { Injectable } from '@nestjs/common';
import { RedisConnections } from '#libs/redis';
import { aliveKey } from './room-keys.js';
import type { RoomOwnership } from './room-record.js';

/** Longer than any room waits for an owner: as long as `ROOM_ORPHAN_TTL_MS` may be, and a while. */
const KEPT_MS = 40 * 24 * 3_600_000;

/**
 * When an owner was last known to live, so that the time without one is nobody's. Told by how much of a key's life is
 * gone: one clock for all, the store's.
 */
@Injectable()
export class OwnerLife {
  constructor(private readonly redis: RedisConnections) {}

  async renew({ server, incarnation }: RoomOwnership): Promise<void> {
    await this.redis.commands.set(aliveKey(server, incarnation), '', 'PX', KEPT_MS);
  }

  /** For how long it has given no sign of life, in ms; null where nothing is known of it. */
  async silentMs({ server, incarnation }: RoomOwnership): Promise<number | null> {
    const left = await this.redis.commands.pttl(aliveKey(server, incarnation));
    return left < 0 ? null : Math.max(0, KEPT_MS - left);
  }
}
