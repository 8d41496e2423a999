import { Injectable } from '@nestjs/common';
import { type Effect, EffectHandler } from '#libs/game-kit';
import { RATING_EFFECT, type RatedGame } from '#libs/room';
import { ratingsAfter } from './rated-teams.js';
import { RatingStore } from './rating-store.js';

/**
 * Changes the ratings of players at the end of a rated game. The effect can run twice, but the store applies the result of each game once.
 */
@Injectable()
export class RatingUpdates {
  constructor(private readonly store: RatingStore) {}

  @EffectHandler(RATING_EFFECT)
  async update({ data }: Effect<RatedGame>): Promise<void> {
    const users = data.teams.flatMap((team) => team.users);
    await this.store.update(data.game, data.id, users, (before) => ratingsAfter(data, before), data.mode);
  }
}
