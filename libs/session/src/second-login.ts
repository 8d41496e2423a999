import type { ServerId, SessionId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import type { GatewaySessionIndex } from './gateway-session-index.js';
import { retire } from './scripts/retire.js';
import { sessionKey } from './session-keys.js';

/** Reads from the store which incarnation of a gateway accepts players now. Null: no incarnation of it accepts players. */
export type IncarnationOf = (gateway: ServerId) => Promise<number | null>;

/**
 * Ends a user's session before the next login, if no player is connected with it.
 *
 * - `held`: by the records, a player is connected, so the session stays. This is the case while a living gateway lists
 *   the session and has not marked it as away.
 * - `changed`: a resume changed the session during this call. The caller tries again.
 * - Otherwise the session is over. `gateway` is the gateway that may still have it in memory. Null: the session had no record.
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
  // Ends the session only while its secret is unchanged. So after a concurrent resume, which changes the secret, the session stays.
  return (await retire(client, session, gateway, secretHash!)) ? { gateway } : 'changed';
}
