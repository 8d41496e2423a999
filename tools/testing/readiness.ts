import type { FleetServer } from './fleet-server.js';
import type { RunningFleet } from './running-fleet.js';
import type { ServerType } from './server-type.js';

const TYPES: readonly ServerType[] = ['gateway', 'lobby', 'game'];

/** Returns whether the fleet is complete: all living servers are ready and know each other, and placement may choose every game server. */
export async function isWhole(fleet: RunningFleet): Promise<boolean> {
  const living = fleet.servers.filter(({ exit }) => exit === null);
  const checks = living.map((server) => knowsAll(server, living));
  const games = living.filter(({ type }) => type === 'game').map((server) => isOffered(fleet, server));
  return (await Promise.all([...checks, ...games])).every(Boolean);
}

/** Returns whether the metric `holdfast_servers` of a server counts all living servers, including the server itself. */
async function knowsAll(server: FleetServer, living: readonly FleetServer[]): Promise<boolean> {
  // Also checks that the server is ready, because the metrics of a server that has lost the store show old counts.
  if ((await server.ops('/readyz')).status !== 200) return false;
  const { text } = await server.ops('/metrics');
  return TYPES.every((type) => {
    const [, count = '0'] = new RegExp(`^holdfast_servers\\{[^}]*type="${type}",state="ready"[^}]*\\} (\\d+)`, 'm').exec(text) ?? [];
    return Number(count) === living.filter((other) => other.type === type).length;
  });
}

/** Returns whether placement may choose the server for one of its games. */
async function isOffered(fleet: RunningFleet, { id }: FleetServer): Promise<boolean> {
  const { client } = fleet.store;
  const record = await client.hget(id, 'games');
  const [game] = Object.keys(JSON.parse(record ?? '{}') as object);
  if (game === undefined) return false;
  const orders = await client.smembers(fleet.redisName(`{placement}:offers:${game}`));
  const offered = (await Promise.all(orders.map((order) => client.zrange(order, '0', '-1')))).flat();
  return offered.some((entry) => entry.endsWith(`:${id}`));
}
