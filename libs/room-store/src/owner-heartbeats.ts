import { Injectable } from '@nestjs/common';
import { RedisConnections } from '#libs/redis';
import { aliveKey } from './room-keys.js';
import type { RoomOwnership } from './room-record.js';

/** Longer than any room waits for an owner: as long as `ROOM_ORPHAN_TTL_MS` may be, and a while. */
const KEPT_MS = 40 * 24 * 3_600_000;

/** An owner's last heartbeat. */
export interface OwnerHeartbeat {
  /** How long ago it gave it, in ms by the store's clock. */
  readonly ageMs: number;
  /** What its own clock said then, in ms since 1970; null: a version that did not say so. */
  readonly clock: number | null;
}

/**
 * When an owner was last known to live, so that the time without one is nobody's. Told by how much of a key's life is
 * gone: one clock for all, the store's. The key holds the owner's own clock, by which its rooms' timers are due.
 */
@Injectable()
export class OwnerHeartbeats {
  constructor(private readonly redis: RedisConnections) {}

  /** @param clock what the owner's clock says, in ms since 1970. */
  async renew({ server, incarnation }: RoomOwnership, clock: number): Promise<void> {
    await this.redis.commands.set(aliveKey(server, incarnation), Math.round(clock), 'PX', KEPT_MS);
  }

  /** Null where nothing is known of it. */
  async last({ server, incarnation }: RoomOwnership): Promise<OwnerHeartbeat | null> {
    const key = aliveKey(server, incarnation);
    const [left, clock] = await Promise.all([this.redis.commands.pttl(key), this.redis.commands.get(key)]);
    return left < 0 ? null : { ageMs: Math.max(0, KEPT_MS - left), clock: Number(clock) || null };
  }
}
