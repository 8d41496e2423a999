import type { SessionId, UserId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { userSessionKey } from '../session-keys.js';

const script = new LuaScript('session_claim_user', new URL('./claim-user.lua', import.meta.url), 1);

/**
 * Makes the session `to` the live session of its user. Returns false when another login was faster, so that the live session is no longer
 * `from`.
 * @param change.from the live session that the caller read. Null: the user had none
 */
export async function claimUser(
  client: RedisClient,
  user: UserId,
  change: { readonly from: SessionId | null; readonly to: SessionId },
  ttlMs: number,
): Promise<boolean> {
  return (await script.run(client, [userSessionKey(user)], [change.from ?? '', change.to, ttlMs])) === 1;
}
