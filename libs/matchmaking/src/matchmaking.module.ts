import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { DefaultMatchStrategy } from './strategy/default-match-strategy.js';
import { MatchStrategy } from './strategy/match-strategy.js';

export interface MatchmakingOptions {
  /** The rule that makes matches, the same on every lobby. Default: `DefaultMatchStrategy`. */
  readonly strategy?: Type<MatchStrategy>;
}

@Module({})
export class MatchmakingModule {
  static forRoot({ strategy = DefaultMatchStrategy }: MatchmakingOptions = {}): DynamicModule {
    return {
      module: MatchmakingModule,
      global: true,
      providers: [{ provide: MatchStrategy, useClass: strategy }],
      exports: [MatchStrategy],
    };
  }
}
