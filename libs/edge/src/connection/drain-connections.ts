import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { disconnect, stateOf } from './connection-state.js';

/** Players who were sent elsewhere and have not come there yet: as many as another gateway greets without a queue. */
export const RECONNECTING_MAX = 16;
/** One of whom nothing is heard for this long, in ms, is waited for no more: it may be gone for good. */
const RECONNECT_MS_MAX = 250;
/** However many there are, all are sent by then, in ms: whoever stops this gateway has not for ever. */
const DRAIN_MS_MAX = 8_000;
const POLL_MS = 5;

/**
 * Sends everybody elsewhere, not all at once: the next as one has arrived, which this gateway is told (`replaced`). Those
 * who are not sent yet play on. Nobody waits behind all others at the next door, and its players notice nothing.
 *
 * @param isCurrent whether the session is still this gateway's
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
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    if (!connection.isOpen) continue;
    const { session } = stateOf(connection);
    disconnect(connection, 'shutting-down');
    if (session) reconnecting.push({ session, since: performance.now() });
  }
}
