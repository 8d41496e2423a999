import { Command, Game, type GameRoom, type GameRules, type Setup } from '@holdfast/game-kit';
import { Module } from '@nestjs/common';
import { z } from 'zod';

const Place = z.object({ cell: z.int().min(0).max(8) });
type Board = { cells: (number | null)[]; turn: number };

@Game({ name: 'tic-tac-toe', version: 1, seats: 2 })
export class TicTacToe implements GameRules<Board> {
  setup(_: Setup): Board {
    return { cells: Array(9).fill(null), turn: 0 };
  }

  @Command(Place)
  place(room: GameRoom<Board>, { cell }: z.infer<typeof Place>): void {
    const { state, seat } = room;
    if (seat !== state.turn) room.reject('not-your-turn');
    state.cells[cell] = seat;
    state.turn = 1 - state.turn;
  }
}

@Module({ providers: [TicTacToe] })
export class TicTacToeModule {}
