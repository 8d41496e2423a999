import type { ServerId, SessionId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { retire } from './scripts/retire.js';
import type { SessionHolders } from './session-holders.js';
import { sessionKey } from './session-keys.js';

/** Reads from the store which incarnation of a gateway accepts players now. Null: none. */
export type LifeOfGateway = (gateway: ServerId) => Promise<number | null>;

/**
 * Ends a user's session before the next login, if no player is connected with it.
 *
 * - `held`: a player is connected as far as the store knows, and the session stays. That is the case while a living
 *   gateway lists the session and has not marked it as away.
 * - `changed`: a resume changed the session during this call. The caller tries again.
 * - Otherwise the session is over. The result names the gateway that may still have it in memory.
 */
export async function letGo(
  client: RedisClient,
  holders: SessionHolders,
  session: SessionId,
  lifeOf: LifeOfGateway,
): Promise<'held' | 'changed' | { readonly gateway: ServerId | null }> {
  const [holder, secretHash, away] = await client.hmget(sessionKey(session), 'gateway', 'secret', 'away');
  if (holder === null || secretHash === null) return { gateway: null };
  const gateway = holder as ServerId;
  if (away === null) {
    const incarnation = await lifeOf(gateway);
    if (incarnation !== null && (await holders.among([session], { gateway, incarnation })).has(session)) return 'held';
  }
  // A resume changes the secret atomically, so of two concurrent calls the second sees the change of the first.
  return (await retire(client, session, gateway, secretHash)) ? { gateway } : 'changed';
}
