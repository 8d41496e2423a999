import type { ServerId, SessionId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_retire', new URL('./retire.lua', import.meta.url), 1);

/**
 * Deletes the record of a session without a connection. Returns false when the session was resumed since the caller read it, or no longer
 * exists.
 */
export async function retire(client: RedisClient, session: SessionId, gateway: ServerId, secretHash: string): Promise<boolean> {
  return (await script.run(client, [sessionKey(session)], [gateway, secretHash])) === 1;
}
