import type { RoomId, ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { EXPIRIES_KEY, RESERVATIONS_KEY, serverKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('end-game', 2);

/** @returns how many of the rooms still had a reservation on that incarnation of the server */
export async function endGames(client: RedisClient, server: ServerId, incarnation: number, rooms: readonly RoomId[]): Promise<number> {
  return (await script.run(client, [RESERVATIONS_KEY, EXPIRIES_KEY], [serverKey(server), incarnation, ...rooms])) as number;
}
