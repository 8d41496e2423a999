import type { ServerRecord } from '#libs/fleet';

/** The gateways whose votes count: all that are ready and miss no checks themselves. Without such a gateway, all that are not dead. */
export function votingGateways(servers: readonly ServerRecord[]): ServerRecord[] {
  const gateways = servers.filter(({ type, state }) => type === 'gateway' && state !== 'dead');
  const able = gateways.filter(({ state, suspect, unheard }) => state !== 'starting' && suspect === 0 && !unheard);
  return able.length > 0 ? able : gateways;
}
