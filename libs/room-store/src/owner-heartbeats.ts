import { Injectable } from '@nestjs/common';
import { RedisConnections } from '#libs/redis';
import { aliveKey } from './room-keys.js';
import type { RoomOwnership } from './room-record.js';

/**
 * TTL of a heartbeat, in ms. It is longer than the time for which a room waits for an owner (`ROOM_ORPHAN_TTL_MS`), because the next owner
 * computes the downtime from the heartbeat.
 */
const RETENTION_MS = 40 * 24 * 3_600_000;

/** An owner's last heartbeat. */
export interface OwnerHeartbeat {
  /** The age of the heartbeat, in ms of store time. */
  readonly ageMs: number;
  /**
   * The owner's own clock at the heartbeat, in ms since 1970. Null: the owner has an older version of Holdfast, which does not write this
   * time.
   */
  readonly clock: number | null;
}

/**
 * The heartbeats of owners, from which the next owner computes the downtime. The elapsed part of the key's TTL is the age of the heartbeat,
 * so only the store's clock measures it. The value of the key is the time of the owner's own clock, which the timers of its rooms use.
 */
@Injectable()
export class OwnerHeartbeats {
  constructor(private readonly redis: RedisConnections) {}

  /**
   * Writes the heartbeat of an owner.
   *
   * @param clock the time of the owner's clock, in ms since 1970
   */
  async renew({ server, incarnation }: RoomOwnership, clock: number): Promise<void> {
    await this.redis.commands.set(aliveKey(server, incarnation), Math.round(clock), 'PX', RETENTION_MS);
  }

  /** Returns the last heartbeat of an owner. Null: there is none, or it has expired. */
  async last({ server, incarnation }: RoomOwnership): Promise<OwnerHeartbeat | null> {
    const key = aliveKey(server, incarnation);
    const [left, clock] = await Promise.all([this.redis.commands.pttl(key), this.redis.commands.get(key)]);
    return left < 0 ? null : { ageMs: Math.max(0, RETENTION_MS - left), clock: Number(clock) || null };
  }
}
