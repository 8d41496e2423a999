import type { ServerId, SessionId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_mark_away', new URL('./mark-away.lua', import.meta.url), 1);

export async function markAway(client: RedisClient, session: SessionId, gateway: ServerId, secretHash: string): Promise<void> {
  await script.run(client, [sessionKey(session)], [gateway, secretHash]);
}
