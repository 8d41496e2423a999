import type { SessionId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_confirm', new URL('./confirm.lua', import.meta.url), 1);

export async function confirm(client: RedisClient, session: SessionId, secretHash: string): Promise<void> {
  await script.run(client, [sessionKey(session)], [secretHash]);
}
