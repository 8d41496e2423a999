// An extension for tests: ratings in Redis. The setting TEST_RATING_HANGS makes an update hang forever, `before` or `after` it changes the
// ratings. So a test can kill the server during an update.
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
