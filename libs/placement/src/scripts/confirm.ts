import type { RoomId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { EXPIRIES_KEY, RESERVATIONS_KEY } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('confirm', 2);

/** Confirms a reservation. True: the room was reserved, and is now one of its server's rooms. */
export async function confirmReservation(client: RedisClient, room: RoomId, claimMs: number): Promise<boolean> {
  return (await script.run(client, [RESERVATIONS_KEY, EXPIRIES_KEY], [room, claimMs])) === 1;
}
