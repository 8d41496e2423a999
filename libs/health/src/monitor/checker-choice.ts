import { createHash } from 'node:crypto';
import type { ServerId } from '#libs/protocol';

/**
 * Chooses the gateway that checks a server, by rendezvous hashing (Thaler and Ravishankar 1996). All processes that know the same gateways
 * choose the same checker. When a gateway joins or leaves, only the servers that this gateway checks get another checker. Null: there is no
 * other gateway than the server itself.
 */
export function checkerOf(server: ServerId, gateways: readonly ServerId[]): ServerId | null {
  let best: ServerId | null = null;
  let bestWeight = '';
  for (const gateway of gateways) {
    if (gateway === server) continue;
    const weight = createHash('sha1').update(`${gateway} ${server}`).digest('hex');
    if (weight > bestWeight) {
      best = gateway;
      bestWeight = weight;
    }
  }
  return best;
}
