import type { Claims, RoomId, ServerId, SessionId, UserId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_restore', new URL('./restore.lua', import.meta.url), 1);

/** A session as its gateway has it in memory. */
export interface HeldSession {
  readonly session: SessionId;
  readonly user: UserId;
  readonly name: string;
  /** Hash of the newest secret that the gateway sent to the player. */
  readonly secretHash: string;
  readonly gateway: ServerId;
  readonly room: RoomId | null;
  /** True: the session has no connection. */
  readonly isAway: boolean;
  readonly claims?: Claims;
}

/**
 * Restores the record of a session after a data loss of the store. Returns false when a record exists and was kept.
 *
 * @param isLast true: an existing record is replaced, unless it has the same gateway and secret
 */
export async function restore(client: RedisClient, held: HeldSession, ttlMs: number, isLast: boolean): Promise<boolean> {
  const { session, user, name, secretHash, gateway, room, isAway, claims } = held;
  const args = [
    user,
    name,
    secretHash,
    gateway,
    room ?? '',
    ttlMs,
    isAway ? '1' : '',
    isLast ? '1' : '',
    claims ? JSON.stringify(claims) : '',
  ];
  return (await script.run(client, [sessionKey(session)], args)) === 1;
}
