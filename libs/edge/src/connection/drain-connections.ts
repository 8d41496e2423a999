import { sleep } from '#libs/async';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { disconnect, stateOf } from './connection-state.js';

/** Maximum number of players who reconnect at the same time. Another gateway admits this many players without a queue. */
export const RECONNECTING_MAX = 16;
/**
 * Time for which the drain waits for a player to arrive at another gateway, in ms. The wait is limited, because the player may never
 * arrive.
 */
const RECONNECT_MS_MAX = 250;
/** Time after which the drain disconnects all remaining players together, in ms, because the process has a limited time to stop. */
const DRAIN_MS_MAX = 8_000;
const POLL_MS = 5;

/**
 * Disconnects all players, at most `RECONNECTING_MAX` at a time, so that they do not all reach another gateway at once. The next player
 * follows when an earlier one has arrived there, or after `RECONNECT_MS_MAX`. The other gateway then sends the notice `replaced`, and this
 * gateway removes the session. Players who still have a connection continue to play meanwhile.
 *
 * @param isCurrent returns whether the session is still at this gateway
 */
export async function drainConnections(
  connections: Iterable<PlayerConnection>,
  isCurrent: (session: GatewaySession) => boolean,
): Promise<void> {
  const deadline = performance.now() + DRAIN_MS_MAX;
  let reconnecting: { readonly session: GatewaySession; readonly since: number }[] = [];
  for (const connection of [...connections]) {
    for (;;) {
      const now = performance.now();
      reconnecting = reconnecting.filter(({ session, since }) => now - since < RECONNECT_MS_MAX && isCurrent(session));
      if (reconnecting.length < RECONNECTING_MAX || now > deadline) break;
      await sleep(POLL_MS);
    }
    if (!connection.isOpen) continue;
    const { session } = stateOf(connection);
    disconnect(connection, 'shutting-down');
    if (session) reconnecting.push({ session, since: performance.now() });
  }
}
