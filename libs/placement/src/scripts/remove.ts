import type { ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { serverKey, serversKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('remove', 2);

/** Removes an incarnation for good, and remembers this for `keptMs`. True: it was the current incarnation. */
export async function buryIncarnation(client: RedisClient, server: ServerId, incarnation: number, keptMs: number): Promise<boolean> {
  return (await script.run(client, [serverKey(server), serversKey()], [incarnation, keptMs])) === 1;
}
