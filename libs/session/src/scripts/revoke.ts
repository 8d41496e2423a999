import type { ServerId, SessionId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_revoke', new URL('./revoke.lua', import.meta.url), 1);

/** Deletes the secrets of a session, and returns its gateway. Null: the session has no record. */
export async function revoke(client: RedisClient, session: SessionId): Promise<ServerId | null> {
  return (await script.run(client, [sessionKey(session)], [])) as ServerId | null;
}
