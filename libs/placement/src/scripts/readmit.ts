import type { ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { serverKey, serversKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('readmit', 2);

/** Removes a reason that withholds the server. Returns the number of reasons that still withhold the server. */
export async function dropReason(client: RedisClient, server: ServerId, reason: string, incarnation?: number): Promise<number> {
  return (await script.run(client, [serverKey(server), serversKey()], [reason, incarnation ?? ''])) as number;
}
