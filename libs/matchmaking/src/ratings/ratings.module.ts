import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
import { RatingStore } from './rating-store.js';
import { RatingUpdates } from './rating-updates.js';
import { RATING_OPTIONS, type RatingOptions, RedisRatingStore } from './redis-rating-store.js';

@Module({})
export class RatingsModule {
  /** Returns the module for lobbies, which read ratings. */
  static forReader(): DynamicModule {
    return {
      module: RatingsModule,
      global: true,
      imports: [ExtensionModule],
      providers: [RedisRatingStore, ...extensionPoint(RatingStore, { useExisting: RedisRatingStore })],
      exports: [RatingStore],
    };
  }

  /** Returns the module for game servers, which change ratings when games end. */
  static forUpdates(options: RatingOptions): DynamicModule {
    const reader = RatingsModule.forReader();
    return {
      ...reader,
      providers: [...reader.providers!, { provide: RATING_OPTIONS, useValue: options }, RatingUpdates],
      // Exported for a store of the application that extends `RedisRatingStore`.
      exports: [...reader.exports!, RATING_OPTIONS],
    };
  }
}
