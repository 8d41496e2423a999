import type { ServerRecord } from '#libs/fleet';

/**
 * Returns the gateways whose votes count: the gateways that have started, are not dead, and answer their own checks. If there is no such
 * gateway, returns all gateways that are not dead.
 */
export function votingGateways(servers: readonly ServerRecord[]): ServerRecord[] {
  const gateways = servers.filter(({ type, state }) => type === 'gateway' && state !== 'dead');
  const able = gateways.filter(({ state, suspect, unheard }) => state !== 'starting' && suspect === 0 && !unheard);
  return able.length > 0 ? able : gateways;
}
