import { Injectable } from '@nestjs/common';
import type { RoomId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { userKey } from './room-keys.js';

export interface UserRoom {
  readonly room: RoomId;
  readonly watching: boolean;
}

/** A pointer outlives any game, and a user who never comes back costs nothing for ever. */
const POINTER_TTL_SECONDS = 24 * 3600;

/** Which room a user is in. A hint that finds the room; whether they really are in it, the room's record says. */
@Injectable()
export class UserRooms {
  constructor(private readonly redis: RedisConnections) {}

  async get(user: UserId): Promise<UserRoom | null> {
    const [room, watching] = await this.redis.commands.hmget(userKey(user), 'room', 'watching');
    return room ? { room, watching: watching === '1' } : null;
  }

  async set(user: UserId, room: RoomId, watching: boolean): Promise<void> {
    await Promise.all([
      this.redis.commands.hset(userKey(user), 'room', room, 'watching', watching ? '1' : '0'),
      this.redis.commands.expire(userKey(user), POINTER_TTL_SECONDS),
    ]);
  }

  async clear(user: UserId): Promise<void> {
    await this.redis.commands.hdel(userKey(user), 'room', 'watching');
  }
}
