import type { ServerId, SessionId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { retire } from './scripts/retire.js';
import type { SessionHolders } from './session-holders.js';
import { sessionKey } from './session-keys.js';

/** Which life of a gateway takes players now, by the store's own word; null: none. */
export type LifeOfGateway = (gateway: ServerId) => Promise<number | null>;

/**
 * Whether a session stands in the way of its user's next login. `held`: somebody is connected by it, as far as can be
 * known. `changed`: it was resumed while we looked. Else it is over now; with the gateway that may still remember it.
 *
 * It is held while a living gateway lists it and has not said that its connection is gone: a session whose player went
 * away, or whose gateway died, was restarted or forgot it, holds nobody back.
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
  // A resume changes the secret in one step, so of the two at once one finds what the other did.
  return (await retire(client, session, gateway, secretHash)) ? { gateway } : 'changed';
}
