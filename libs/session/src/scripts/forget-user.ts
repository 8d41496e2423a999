import type { SessionId, UserId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { userSessionKey } from '../session-keys.js';

const script = new LuaScript('session_forget_user', new URL('./forget-user.lua', import.meta.url), 1);

export async function forgetUser(client: RedisClient, user: UserId, session: SessionId): Promise<void> {
  await script.run(client, [userSessionKey(user)], [session]);
}
