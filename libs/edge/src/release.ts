import type { GatewaySession } from './gateway-session.js';
import { guestOf, part } from './guest.js';
import type { PlayerConnection } from './player-connection.js';

/** Players who were sent elsewhere and have not come there yet: as many as another gateway greets without a queue. */
export const ON_THEIR_WAY_MAX = 16;
/** One of whom nothing is heard for this long, in ms, is waited for no more: it may be gone for good. */
const WAITED_FOR_MS = 250;
/** However many there are, all are sent by then, in ms: whoever stops this gateway has not for ever. */
const RELEASE_MS_MAX = 8_000;
const LOOK_MS = 5;

/**
 * Sends everybody elsewhere, not all at once: the next as one has arrived, which this gateway is told (`replaced`). Those
 * who are not sent yet play on. Nobody waits behind all others at the next door, and its players notice nothing.
 *
 * @param isHere whether the session is still this gateway's
 */
export async function releaseAll(connections: Iterable<PlayerConnection>, isHere: (session: GatewaySession) => boolean): Promise<void> {
  const deadline = performance.now() + RELEASE_MS_MAX;
  let onTheirWay: { readonly session: GatewaySession; readonly since: number }[] = [];
  for (const connection of [...connections]) {
    for (;;) {
      const now = performance.now();
      onTheirWay = onTheirWay.filter(({ session, since }) => now - since < WAITED_FOR_MS && isHere(session));
      if (onTheirWay.length < ON_THEIR_WAY_MAX || now > deadline) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    if (!connection.isOpen) continue;
    const { session } = guestOf(connection);
    part(connection, 'shutting-down');
    if (session) onTheirWay.push({ session, since: performance.now() });
  }
}
