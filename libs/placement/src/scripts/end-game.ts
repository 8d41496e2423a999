import type { RoomId, ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { expiriesKey, reservationsKey, serverKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('end-game', 2);

/**
 * Releases the reservations of rooms whose games have ended on this incarnation of the server. Returns the number of released reservations.
 */
export async function endGames(client: RedisClient, server: ServerId, incarnation: number, rooms: readonly RoomId[]): Promise<number> {
  return (await script.run(client, [reservationsKey(), expiriesKey()], [serverKey(server), incarnation, ...rooms])) as number;
}
