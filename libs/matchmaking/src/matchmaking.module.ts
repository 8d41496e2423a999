import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
import { RatingsModule } from './ratings/ratings.module.js';
import { DefaultMatchStrategy } from './strategy/default-match-strategy.js';
import { MatchStrategy } from './strategy/match-strategy.js';

/** The strategy and the ratings, for lobbies. */
@Module({})
export class MatchmakingModule {
  static forRoot(): DynamicModule {
    return {
      module: MatchmakingModule,
      global: true,
      imports: [ExtensionModule, RatingsModule.forReader()],
      providers: extensionPoint(MatchStrategy, { useFactory: () => new DefaultMatchStrategy() }),
      exports: [MatchStrategy],
    };
  }
}
