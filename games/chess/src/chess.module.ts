import { type DynamicModule, Module } from '@nestjs/common';
import { Chess } from './chess.js';
import { CHESS_DEFAULTS, ChessOptions } from './chess.options.js';

@Module({ providers: [Chess, { provide: ChessOptions, useValue: CHESS_DEFAULTS }] })
export class ChessModule {
  static forRoot(options: Partial<ChessOptions>): DynamicModule {
    return { module: ChessModule, providers: [{ provide: ChessOptions, useValue: { ...CHESS_DEFAULTS, ...options } }] };
  }
}
