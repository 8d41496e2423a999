import type { RoomId, ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import type { Place } from '../offers.js';
import { EXPIRIES_KEY, offerKey, reservationKey, serverKey, serverOfKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('place', 3);

export interface Choice {
  readonly server: ServerId;
  readonly incarnation: number;
  /** The room had this place already. */
  readonly again: boolean;
}

export interface ChoiceRequest {
  readonly room: RoomId;
  readonly game: string;
  readonly gameVersion?: number;
  readonly place: Place;
  readonly exclude: readonly ServerId[];
  readonly claimMs: number;
  readonly weight: number;
  readonly takes: 'lowest' | 'highest';
  /** A lot in [0, 1) that breaks ties: Redis' own random numbers are the same in every run of a script. */
  readonly lot: number;
}

/** Null: no server is willing. May be repeated: the room has at most one reservation. */
export async function choose(client: RedisClient, request: ChoiceRequest): Promise<Choice | null> {
  const { room, game, gameVersion, place, exclude, claimMs, weight, takes, lot } = request;
  const keys = [offerKey(game, gameVersion, place), reservationKey(room), EXPIRIES_KEY];
  const answer = (await script.run(client, keys, [claimMs, weight, takes, lot, ...exclude.map(serverKey)])) as
    | [string, string, string]
    | null;
  return answer && { server: serverOfKey(answer[0]), incarnation: Number(answer[1]), again: answer[2] === 'again' };
}
