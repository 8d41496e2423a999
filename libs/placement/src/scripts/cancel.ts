import type { RoomId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { EXPIRIES_KEY, RESERVATIONS_KEY } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('cancel', 2);

/** Cancels the reservation of a room. True: there was one. */
export async function cancelReservation(client: RedisClient, room: RoomId): Promise<boolean> {
  return (await script.run(client, [RESERVATIONS_KEY, EXPIRIES_KEY], [room])) === 1;
}
