import { Injectable } from '@nestjs/common';
import type { UserId } from '#libs/protocol';
import { LuaScript, RedisConnections, redisName } from '#libs/redis';
import type { Rating } from '../strategy/ticket.js';
import { type RatingChange, RatingStore } from './rating-store.js';

const updateScript = new LuaScript('ratings_update', new URL('./update-ratings.lua', import.meta.url), 2);

/**
 * Time for which a finished game is remembered, in ms: as long as the effects of an ended game are kept. An effect that runs again later
 * would change the ratings twice.
 */
const COUNTED_MS = 3 * 24 * 3_600_000;
/** Maximum number of attempts of one update. An attempt fails when another game of the same players ends at the same time. */
const ATTEMPTS_MAX = 10;

const ratingsKey = (game: string): string => redisName(`ratings:{${game}}`);
const countedKey = (game: string, id: string): string => redisName(`ratings:{${game}}:counted:${id}`);

/** Ratings in one Redis hash per game: `MU SIGMA` by user. */
@Injectable()
export class RedisRatingStore extends RatingStore {
  constructor(private readonly redis: RedisConnections) {
    super();
  }

  async ratings(game: string, users: readonly UserId[]): Promise<(Rating | null)[]> {
    return (await this.read(game, users)).map(parsed);
  }

  async update(game: string, id: string, users: readonly UserId[], change: RatingChange): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const before = await this.read(game, users);
      const after = change(before.map(parsed));
      const values = users.flatMap((user, index) => [user, before[index] ?? '', textOf(after[index]!)]);
      const changed = await updateScript.run(this.redis.commands, [ratingsKey(game), countedKey(game, id)], [COUNTED_MS, ...values]);
      if (changed !== -1) return changed === 1;
    }
    throw new Error(`The ratings of game ${id} changed during each of ${ATTEMPTS_MAX} attempts to update them.`);
  }

  private async read(game: string, users: readonly UserId[]): Promise<(string | null)[]> {
    return users.length === 0 ? [] : this.redis.commands.hmget(ratingsKey(game), ...users);
  }
}

function parsed(text: string | null): Rating | null {
  if (text === null) return null;
  const [mu, sigma] = text.split(' ').map(Number);
  return Number.isFinite(mu) && Number.isFinite(sigma) ? { mu: mu!, sigma: sigma! } : null;
}

/** Rounds to hundredths: a smaller difference has no visible effect. */
function textOf({ mu, sigma }: Rating): string {
  if (!Number.isFinite(mu) || !Number.isFinite(sigma)) throw new Error(`A rating is not a number: ${mu} ± ${sigma}.`);
  return `${Math.round(mu * 100) / 100} ${Math.round(sigma * 100) / 100}`;
}
