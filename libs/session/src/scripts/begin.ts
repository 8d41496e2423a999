import type { Claims, ServerId, SessionId, UserId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_begin', new URL('./begin.lua', import.meta.url), 1);

export interface SessionStart {
  readonly user: UserId;
  readonly name: string;
  readonly secretHash: string;
  readonly gateway: ServerId;
  readonly claims?: Claims;
}

/** Writes the record of a new session without a room. Rejects when Redis did not confirm the write. */
export async function begin(client: RedisClient, session: SessionId, start: SessionStart, ttlMs: number): Promise<void> {
  const { user, name, secretHash, gateway, claims } = start;
  await script.run(client, [sessionKey(session)], [user, name, secretHash, gateway, ttlMs, claims ? JSON.stringify(claims) : '']);
}
