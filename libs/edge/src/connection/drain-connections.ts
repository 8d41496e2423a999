import { sleep } from '#libs/async';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { disconnect, stateOf } from './connection-state.js';

/** Maximum number of players who reconnect at the same time. A gateway admits this number of players without a queue. */
export const RECONNECTING_MAX = 16;
/**
 * Maximum time in ms for which the drain waits until a disconnected player has arrived at another gateway. The limit exists because some
 * players never arrive.
 */
const RECONNECT_MS_MAX = 250;
/** Time in ms after which the drain disconnects all remaining players at once, because the process must stop within a limited time. */
const DRAIN_MS_MAX = 8_000;
const POLL_MS = 5;

/**
 * Disconnects all players in small groups, so that they do not overload the next gateway. At most `RECONNECTING_MAX` players reconnect at
 * the same time. A player counts as reconnected when another gateway sends the notice `replaced`, or at the latest after
 * `RECONNECT_MS_MAX`. The players who are still connected continue to play.
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
