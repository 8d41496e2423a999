import type { Redis } from 'ioredis';
import type { RoomId, ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import type { Place } from '../offers.js';
import { EXPIRIES_KEY, offerKey, reservationKey, serverKey, serverOfKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('place', null);

/** As many as decide between the servers of any fleet, and short when written. */
const LOTS = 100_000;

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
  readonly weight: number;
}

/** What holds for all rooms of a call. */
export interface ChoiceTerms {
  readonly claimMs: number;
  readonly takes: 'lowest' | 'highest';
}

/** One for each request, in their order; null: no server is willing. May be repeated: a room has at most one reservation. */
export async function choose(
  client: RedisClient,
  requests: readonly ChoiceRequest[],
  { claimMs, takes }: ChoiceTerms,
): Promise<readonly (Choice | null)[]> {
  const keys = [EXPIRIES_KEY];
  const args: (string | number)[] = [claimMs, takes];
  for (const { room, game, gameVersion, place, exclude, weight } of requests) {
    keys.push(offerKey(game, gameVersion, place), reservationKey(room));
    // Redis' own random numbers are the same in every run of a script.
    args.push(weight, Math.floor(Math.random() * LOTS) / LOTS, exclude.length, ...exclude.map(serverKey));
  }
  const answers = (await (client.isCluster ? script.run(client, keys, args) : script.runWritten(client as Redis, keys, args))) as string[];
  return requests.map((_, index) => {
    const [server, incarnation, how] = answers.slice(3 * index, 3 * index + 3);
    return server === '' ? null : { server: serverOfKey(server), incarnation: Number(incarnation), again: how === 'again' };
  });
}
