import type { RoomId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { expiriesKey, reservationsKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('confirm', 2);

/** Confirms a reservation. True: the room was reserved, and is now one of its server's rooms. */
export async function confirmReservation(client: RedisClient, room: RoomId, claimMs: number): Promise<boolean> {
  return (await script.run(client, [reservationsKey(), expiriesKey()], [room, claimMs])) === 1;
}
