import { type DynamicModule, Module } from '@nestjs/common';
import { TicTacToe } from './tic-tac-toe.js';
import { TIC_TAC_TOE_DEFAULTS, TicTacToeOptions } from './tic-tac-toe.options.js';

@Module({ providers: [TicTacToe, { provide: TicTacToeOptions, useValue: TIC_TAC_TOE_DEFAULTS }] })
export class TicTacToeModule {
  static forRoot(options: Partial<TicTacToeOptions>): DynamicModule {
    return { module: TicTacToeModule, providers: [{ provide: TicTacToeOptions, useValue: { ...TIC_TAC_TOE_DEFAULTS, ...options } }] };
  }
}
