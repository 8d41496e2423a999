// An extension for tests: ratings in Redis, with an update that never ends, so that a test can kill the server in the middle of it.
// TEST_RATING_HANGS: the update hangs `before` or `after` its change of the ratings. Absent: the update ends.
import { Extension } from '#libs/extension';
import { RatingStore, RedisRatingStore } from '#libs/matchmaking';
import { Injectable, Module } from './nest.mjs';

export class FragileRatings extends RedisRatingStore {
  /** @override @param {Parameters<RatingStore['update']>} game */
  async update(...game) {
    if (process.env.TEST_RATING_HANGS === 'before') await new Promise(() => {});
    const isChanged = await super.update(...game);
    if (process.env.TEST_RATING_HANGS === 'after') await new Promise(() => {});
    return isChanged;
  }
}
Injectable()(FragileRatings);
Extension(RatingStore)(FragileRatings);

export default class FragileRatingsModule {}
Module({ providers: [FragileRatings] })(FragileRatingsModule);
