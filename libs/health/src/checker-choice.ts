import { createHash } from 'node:crypto';
import type { ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';

/** Gateways that can judge others: not dead, and not missing checks themselves. */
export function votingGateways(servers: readonly ServerRecord[]): ServerRecord[] {
  const gateways = servers.filter(({ type, state }) => type === 'gateway' && state !== 'dead');
  const able = gateways.filter(({ state, suspect, unheard }) => state !== 'starting' && suspect === 0 && !unheard);
  return able.length > 0 ? able : gateways;
}

/**
 * The one gateway that checks a server: the same answer in every process that sees the same gateways, and when one of
 * these comes or goes, only its share changes hands (rendezvous hashing, Thaler and Ravishankar 1996).
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
