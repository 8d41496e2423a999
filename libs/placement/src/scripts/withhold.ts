import type { ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { serverKey, serversKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('withhold', 2);

/** Adds a reason why placement gives the server no rooms. Returns false when the incarnation no longer exists. */
export async function addReason(client: RedisClient, server: ServerId, reason: string, incarnation?: number): Promise<boolean> {
  return (await script.run(client, [serverKey(server), serversKey()], [reason, incarnation ?? ''])) === 1;
}
