import type { ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { serverKey, serversKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('remove', 2);

/** Removes an incarnation permanently, and stores for `keptMs` that it was removed. Returns whether it was the current incarnation. */
export async function buryIncarnation(client: RedisClient, server: ServerId, incarnation: number, keptMs: number): Promise<boolean> {
  return (await script.run(client, [serverKey(server), serversKey()], [incarnation, keptMs])) === 1;
}
