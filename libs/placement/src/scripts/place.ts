import type { Redis } from 'ioredis';
import type { RoomId, ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import type { Place } from '../offers.js';
import { expiriesKey, offerKey, reservationsKey, serverKey, serverOfKey } from '../placement-keys.js';
import { placementScript } from './script.js';

const script = placementScript('place', null, ['orders']);

/**
 * Number of different seeds. Each call passes a random seed, because otherwise every run of a script gets the same random numbers from
 * Redis.
 */
const SEEDS = 2 ** 31;

export interface Choice {
  readonly server: ServerId;
  readonly incarnation: number;
  /** True: the room already had this reservation before this call. */
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

/** The parameters that apply to all rooms of a call. */
export interface ChoiceTerms {
  readonly claimMs: number;
  readonly takes: 'lowest' | 'highest';
}

/** Returns one choice per request, in order. Null: no server is eligible. Idempotent: a room has at most one reservation. */
export async function choose(
  client: RedisClient,
  requests: readonly ChoiceRequest[],
  { claimMs, takes }: ChoiceTerms,
): Promise<readonly (Choice | null)[]> {
  const keys = [reservationsKey(), expiriesKey()];
  const args: (string | number)[] = [claimMs, takes, Math.floor(Math.random() * SEEDS)];
  for (const run of runsOfAlike(requests)) {
    const { game, gameVersion, place, weight, exclude } = run[0]!;
    keys.push(offerKey(game, gameVersion, place));
    args.push(keys.length - 2, weight, exclude.length, ...exclude.map(serverKey), run.length, ...run.map(({ room }) => room));
  }
  const answer = await (client.isCluster ? script.run(client, keys, args) : script.runEncoded(client as Redis, keys, args));
  const [servers, ...chosen] = answer as [string[], ...number[]];
  return chosen.map((number) => {
    if (number === 0) return null;
    const at = 2 * Math.abs(number) - 2;
    return { server: serverOfKey(servers[at]!), incarnation: Number(servers[at + 1]), again: number < 0 };
  });
}

/** Groups adjacent requests that differ only in their room. In most calls, all requests are one group. */
function runsOfAlike(requests: readonly ChoiceRequest[]): ChoiceRequest[][] {
  const runs: ChoiceRequest[][] = [];
  for (const request of requests) {
    const run = runs.at(-1);
    if (run && isAlike(run[0]!, request)) run.push(request);
    else runs.push([request]);
  }
  return runs;
}

function isAlike(one: ChoiceRequest, other: ChoiceRequest): boolean {
  return (
    one.game === other.game &&
    one.gameVersion === other.gameVersion &&
    one.place.region === other.place.region &&
    one.place.build === other.place.build &&
    one.weight === other.weight &&
    one.exclude.length === other.exclude.length &&
    one.exclude.every((server, index) => server === other.exclude[index])
  );
}
