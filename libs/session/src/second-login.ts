import type { ServerId, SessionId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import type { GatewaySessionIndex } from './gateway-session-index.js';
import { retire } from './scripts/retire.js';
import { sessionKey } from './session-keys.js';

/** Reads from the store which incarnation of a gateway accepts players now. Null: none does. */
export type IncarnationOf = (gateway: ServerId) => Promise<number | null>;

/**
 * Ends a user's session before the next login, if no player is connected with it.
 *
 * - `held`: the session stays, because a living gateway lists it and has not marked it as away. So a player is probably connected.
 * - `changed`: a resume changed the session during this call. The caller tries again.
 * - Otherwise the session is over. `gateway` is the gateway that perhaps still has it in memory. Null: the session had no record.
 */
export async function retireUnlessConnected(
  client: RedisClient,
  index: GatewaySessionIndex,
  session: SessionId,
  incarnationOf: IncarnationOf,
): Promise<'held' | 'changed' | { readonly gateway: ServerId | null }> {
  const [stored, secretHash, away] = await client.hmget(sessionKey(session), 'gateway', 'secret', 'away');
  if (stored === null || secretHash === null) return { gateway: null };
  const gateway = stored as ServerId;
  if (away === null) {
    const incarnation = await incarnationOf(gateway);
    if (incarnation !== null && (await index.among([session], { gateway, incarnation })).has(session)) return 'held';
  }
  // Ends the session only while its secret is unchanged. A concurrent resume changes the secret, so its session stays.
  return (await retire(client, session, gateway, secretHash!)) ? { gateway } : 'changed';
}
