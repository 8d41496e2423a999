import type { RoomId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { expiriesKey, reservationsKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('confirm', 2);

/** Confirms the reservation of a room, which then counts as a room of its server. Returns false when the room has no reservation. */
export async function confirmReservation(client: RedisClient, room: RoomId, claimMs: number): Promise<boolean> {
  return (await script.run(client, [reservationsKey(), expiriesKey()], [room, claimMs])) === 1;
}
