import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { LEFT_KEPT_MS, serversKey } from '../fleet.options.js';

const LEAVE = new LuaScript('fleet_leave', new URL('./leave.lua', import.meta.url), 1);

/**
 * Sets a mark that the server left, and then removes its record. The mark shows that the record was removed on purpose. Returns false and
 * removes nothing when the record is missing, dead, or of another incarnation.
 */
export async function removeServer(client: RedisClient, id: ServerId, incarnation: number): Promise<boolean> {
  await client.set(leftKey(id), incarnation, 'PX', LEFT_KEPT_MS);
  const removed = (await LEAVE.run(client, [id], [incarnation])) === 1;
  if (removed) await client.srem(serversKey(), id);
  return removed;
}

/** Returns whether this incarnation of the server, or a later one, has left by itself. */
export async function hasLeft(client: RedisClient, id: ServerId, incarnation: number): Promise<boolean> {
  return Number(await client.get(leftKey(id))) >= incarnation;
}

function leftKey(id: ServerId): string {
  return `${id}:left`;
}
