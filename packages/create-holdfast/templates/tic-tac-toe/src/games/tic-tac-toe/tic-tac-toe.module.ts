import { Module } from '@nestjs/common';
import { TicTacToe } from './tic-tac-toe.js';

@Module({ providers: [TicTacToe] })
export class TicTacToeModule {}
