import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
import { RatingsModule } from './ratings/ratings.module.js';
import { DefaultMatchStrategy } from './strategy/default-match-strategy.js';
import { MatchStrategy } from './strategy/match-strategy.js';

/**
 * Provides the `MatchStrategy`: that of the application, which must be the same on every lobby, or the default one. Also provides the ratings
 * of players.
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
