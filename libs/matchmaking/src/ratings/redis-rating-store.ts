import { Inject, Injectable, Optional } from '@nestjs/common';
import { isGuest, type UserId } from '#libs/protocol';
import { LuaScript, RedisConnections, redisName } from '#libs/redis';
import type { Rating } from '../strategy/ticket.js';
import { type RatingChange, RatingStore } from './rating-store.js';

const functions = new URL('./rating-functions.lua', import.meta.url);
const readScript = new LuaScript('ratings_read', [functions, new URL('./read-ratings.lua', import.meta.url)], 2);
const updateScript = new LuaScript('ratings_update', [functions, new URL('./update-ratings.lua', import.meta.url)], 3);

export const RATING_OPTIONS = Symbol('RatingOptions');

export interface RatingOptions {
  /** Time for which the rating of a guest is stored after the guest's last rated game, in ms. 0: without a limit. */
  readonly guestTtlMs: number;
  /** Time for which the rating of any other user is stored after the user's last rated game, in ms. 0: without a limit. */
  readonly ttlMs: number;
}

/**
 * Time for which the store remembers a finished game, in ms. It equals the time for which the effects of an ended game are kept, so no
 * effect runs after the store has forgotten the game. An effect that runs later would change the ratings a second time.
 */
const COUNTED_MS = 3 * 24 * 3_600_000;
/**
 * Maximum number of expired ratings that the end of a game removes. It is larger than the number of ratings that one game adds, so the
 * number of stored ratings stays bounded.
 */
const REMOVED_MAX = 100;
/** Maximum number of attempts of one update. An attempt fails when another game of the same players ends at the same time. */
const ATTEMPTS_MAX = 10;

/** Returns the key of the ratings of a game, or of one of its modes. All keys of a game share a slot in a Cluster. */
const ratingsKey = (game: string, mode: string | undefined): string =>
  redisName(mode === undefined ? `ratings:{${game}}` : `ratings:{${game}}:mode:${mode}`);
const expiriesKey = (game: string, mode: string | undefined): string => `${ratingsKey(game, mode)}:expiries`;
const countedKey = (game: string, id: string): string => redisName(`ratings:{${game}}:counted:${id}`);

/**
 * The default store of ratings. Each game, or each mode of a game, has one Redis hash with `MU SIGMA` by user. A sorted set contains the
 * time at which each rating expires.
 */
@Injectable()
export class RedisRatingStore extends RatingStore {
  constructor(
    private readonly redis: RedisConnections,
    /** Processes that only read ratings provide no options. They need none, because they use no TTL. */
    @Optional() @Inject(RATING_OPTIONS) private readonly options: RatingOptions = { guestTtlMs: 0, ttlMs: 0 },
  ) {
    super();
  }

  async ratings(game: string, users: readonly UserId[], mode?: string): Promise<(Rating | null)[]> {
    return (await this.read(game, mode, users)).map(parsed);
  }

  async update(game: string, id: string, users: readonly UserId[], change: RatingChange, mode?: string): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const before = await this.read(game, mode, users);
      const after = change(before.map(parsed));
      const values = users.flatMap((user, index) => [user, before[index]!, textOf(after[index]!), this.ttlMsOf(user)]);
      const keys = [ratingsKey(game, mode), expiriesKey(game, mode), countedKey(game, id)];
      const changed = await updateScript.run(this.redis.commands, keys, [COUNTED_MS, REMOVED_MAX, ...values]);
      if (changed !== -1) return changed === 1;
    }
    throw new Error(`The ratings of game ${id} changed during each of ${ATTEMPTS_MAX} attempts to update them.`);
  }

  private ttlMsOf(user: UserId): number {
    return isGuest(user) ? this.options.guestTtlMs : this.options.ttlMs;
  }

  /** Returns the stored text of each rating. Empty text: the user has no rating. */
  private async read(game: string, mode: string | undefined, users: readonly UserId[]): Promise<string[]> {
    if (users.length === 0) return [];
    return (await readScript.run(this.redis.commands, [ratingsKey(game, mode), expiriesKey(game, mode)], users)) as string[];
  }
}

function parsed(text: string): Rating | null {
  if (text === '') return null;
  const [mu, sigma] = text.split(' ').map(Number);
  return Number.isFinite(mu) && Number.isFinite(sigma) ? { mu: mu!, sigma: sigma! } : null;
}

/** Rounds to hundredths of a point, because a smaller difference has no visible effect. */
function textOf({ mu, sigma }: Rating): string {
  if (!Number.isFinite(mu) || !Number.isFinite(sigma)) throw new Error(`A rating is not a number: ${mu} ± ${sigma}.`);
  return `${Math.round(mu * 100) / 100} ${Math.round(sigma * 100) / 100}`;
}
