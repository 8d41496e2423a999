import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
import { RatingsModule } from './ratings/ratings.module.js';
import { DefaultMatchStrategy } from './strategy/default-match-strategy.js';
import { MatchStrategy } from './strategy/match-strategy.js';

/**
 * Provides the ratings and the `MatchStrategy`. The application may replace the default strategy, but all lobbies must have the same
 * strategy.
 */
@Module({})
export class MatchmakingModule {
  static forRoot(): DynamicModule {
    return {
      module: MatchmakingModule,
      global: true,
      imports: [ExtensionModule, RatingsModule.forReader()],
      providers: [DefaultMatchStrategy, ...extensionPoint(MatchStrategy, { useExisting: DefaultMatchStrategy })],
      exports: [MatchStrategy],
    };
  }
}
