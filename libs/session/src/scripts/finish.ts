import type { ServerId, SessionId, UserId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_finish', new URL('./finish.lua', import.meta.url), 1);

/**
 * Deletes the record of a session, and returns its user and gateway. Null: there was no record, or another gateway than `at` has the
 * session.
 */
export async function finish(client: RedisClient, session: SessionId, at?: ServerId): Promise<{ user: UserId; gateway: ServerId } | null> {
  const answer = (await script.run(client, [sessionKey(session)], [at ?? ''])) as [string, string] | null;
  return answer && { user: answer[0] as UserId, gateway: answer[1] as ServerId };
}
