import { GameTest } from '@holdfast/game-kit';
import { describe, expect, it } from 'vitest';
import { TicTacToe } from './tic-tac-toe.js';

const play = () => GameTest.create(TicTacToe, { players: ['Ann', 'Bob'] });

/** Marks the cells in order, Ann first. */
function mark(game: GameTest<TicTacToe>, ...cells: number[]): void {
  for (const cell of cells) game.as(game.state.turn).place({ cell });
}

describe('tic-tac-toe', () => {
  it('marks a cell and passes the turn to the opponent', async () => {
    const game = await play();
    game.as(0).place({ cell: 4 });
    expect(game.state.cells[4]).toBe(0);
    expect(game.state.turn).toBe(1);
  });

  it('refuses a move out of turn, to an occupied cell or beyond the board', async () => {
    const game = await play();
    expect(game.command(1, 'place', { cell: 4 })).toBe('not-your-turn');
    mark(game, 4);
    expect(game.command(1, 'place', { cell: 4 })).toBe('cell-taken');
    expect(game.command(1, 'place', { cell: 9 })).toBe('bad-data');
  });

  it('is won by three marks in a line', async () => {
    const game = await play();
    mark(game, 0, 3, 1, 4, 2);
    expect(game.ended?.result).toEqual({ winner: 0 });
  });

  it('is a draw when the board is full and no line is complete', async () => {
    const game = await play();
    mark(game, 0, 4, 8, 1, 7, 6, 2, 5, 3);
    expect(game.ended?.result).toEqual({ winner: null });
  });

  it('passes the turn of a player who takes too long', async () => {
    const game = await play();
    game.advance(30_000);
    expect(game.state.turn).toBe(1);
  });

  it('is won by the opponent of a player who leaves', async () => {
    const game = await play();
    game.seat(0).left();
    expect(game.ended?.result).toEqual({ winner: 1 });
  });
});
