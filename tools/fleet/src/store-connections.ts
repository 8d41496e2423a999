import type { Redis } from 'ioredis';
import { watchdogConnection } from '#libs/redis';

/** Returns the living servers in the registry. */
export async function serversOf(store: Redis, prefix: string): Promise<string[]> {
  const ids = await store.smembers(`${prefix}:servers`);
  const states = await Promise.all(ids.map((id) => store.hget(id, 'state')));
  return ids.filter((_, index) => states[index] !== null && states[index] !== 'dead').sort();
}

/**
 * Returns the names of the connections that must move: one of each server, and one of each watchdog that is connected to the old Redis.
 * Only game servers have a watchdog, and an operator can switch it off.
 */
export async function connectionsOf(old: Redis, servers: readonly string[]): Promise<string[]> {
  const names = await namesAt(old);
  return [...servers, ...servers.map(watchdogConnection).filter((name) => names.has(name))];
}

/** Returns the names of the servers' connections that are open at this Redis. */
export async function present(store: Redis, servers: readonly string[]): Promise<string[]> {
  const names = await namesAt(store);
  return [...servers, ...servers.map(watchdogConnection)].filter((name) => names.has(name));
}

/** Returns those of `connections` that are not open at this Redis. */
export async function missing(store: Redis, connections: readonly string[]): Promise<string[]> {
  const names = await namesAt(store);
  return connections.filter((name) => !names.has(name));
}

async function namesAt(store: Redis): Promise<ReadonlySet<string | undefined>> {
  return new Set([...String(await store.client('LIST')).matchAll(/ name=(\S+) /g)].map(([, name]) => name));
}
