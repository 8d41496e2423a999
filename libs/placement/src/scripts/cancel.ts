import type { RoomId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { expiriesKey, reservationsKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('cancel', 2);

/** Cancels the reservation of a room. Returns false when the room has no reservation. */
export async function cancelReservation(client: RedisClient, room: RoomId): Promise<boolean> {
  return (await script.run(client, [reservationsKey(), expiriesKey()], [room])) === 1;
}
