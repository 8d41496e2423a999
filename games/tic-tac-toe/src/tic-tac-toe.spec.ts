import { GameTest } from '#libs/game-kit';
import { TicTacToe } from './tic-tac-toe.js';
import { TicTacToeModule } from './tic-tac-toe.module.js';

const play = (imports: Parameters<typeof GameTest.create>[1]['imports'] = [TicTacToeModule]) =>
  GameTest.create(TicTacToe, { players: ['Ann', 'Bob'], imports });

function mark(game: GameTest<TicTacToe>, ...cells: number[]): void {
  for (const cell of cells) game.as(game.state.turn).place({ cell });
}

describe('a game of tic-tac-toe', () => {
  it('begins with an empty board, and seat 0 moves first', async () => {
    const game = await play();
    expect(game.state).toEqual({ cells: [null, null, null, null, null, null, null, null, null], turn: 0, moves: 0, passes: 0 });
  });

  it('marks a cell and passes the turn to the opponent', async () => {
    const game = await play();
    game.as(0).place({ cell: 4 });
    expect(game.state.cells[4]).toBe(0);
    expect(game.state.turn).toBe(1);
    expect(game.events).toEqual([{ name: 'placed', data: { seat: 0, cell: 4 } }]);
  });

  it('refuses a move of a player whose opponent is to move', async () => {
    const game = await play();
    const before = game.state;
    expect(() => game.as(1).place({ cell: 4 })).toThrow('not-your-turn');
    expect(game.state).toBe(before);
  });

  it('refuses an occupied cell', async () => {
    const game = await play();
    mark(game, 4);
    expect(game.command(1, 'place', { cell: 4 })).toBe('cell-taken');
  });

  it.each([{ cell: 9 }, { cell: -1 }, { cell: 1.5 }, { cell: '4' }, {}, undefined, null, 'x'])(
    'refuses the data %j as a cell',
    async (data) => {
      const game = await play();
      expect(game.command(0, 'place', data)).toBe('bad-data');
    },
  );

  it('is won by three marks in a line', async () => {
    const game = await play();
    mark(game, 0, 3, 1, 4, 2);
    expect(game.ended).toEqual({ reason: 'finished', result: { winner: 0, by: 'line', line: [0, 1, 2] } });
  });

  it('is won, and not drawn, when the ninth mark completes a line', async () => {
    const game = await play();
    mark(game, 0, 1, 2, 4, 3, 5, 7, 8, 6);
    expect(game.ended?.result).toEqual({ winner: 0, by: 'line', line: [0, 3, 6] });
  });

  it('is a draw when the board is full and no line is complete', async () => {
    const game = await play();
    mark(game, 0, 4, 8, 1, 7, 6, 2, 5, 3);
    expect(game.ended?.result).toEqual({ winner: null, by: 'full' });
  });

  it('refuses every command after its end', async () => {
    const game = await play();
    mark(game, 0, 3, 1, 4, 2);
    expect(game.command(1, 'place', { cell: 8 })).toBe('game-ended');
  });

  it('passes the turn to the opponent when the time of the turn is over', async () => {
    const game = await play();
    game.advance(29_999);
    expect(game.state.turn).toBe(0);
    game.advance(1);
    expect(game.state.turn).toBe(1);
    expect(game.events).toEqual([{ name: 'passed', data: { seat: 0 } }]);
  });

  it('restarts the time limit with each turn', async () => {
    const game = await play();
    game.advance(29_000);
    mark(game, 0);
    game.advance(29_000);
    expect(game.state.turn).toBe(1);
    expect(game.state.passes).toBe(0);
  });

  it('is a draw when both players miss a turn', async () => {
    const game = await play();
    game.advance(60_000);
    expect(game.ended?.result).toEqual({ winner: null, by: 'timeout' });
    expect(game.timers).toEqual({});
  });

  it('continues when a player marks a cell between two missed turns', async () => {
    const game = await play();
    game.advance(30_000);
    mark(game, 0);
    game.advance(30_000);
    expect(game.ended).toBeUndefined();
  });

  it('is won by the opponent of a player who leaves', async () => {
    const game = await play();
    game.seat(0).away();
    expect(game.ended).toBeUndefined();
    game.seat(0).left();
    expect(game.ended?.result).toEqual({ winner: 1, by: 'left' });
  });

  it('limits a turn to the time that the options of the game module set', async () => {
    const game = await play([TicTacToeModule.forRoot({ turnMs: 5_000 })]);
    game.advance(5_000);
    expect(game.state.turn).toBe(1);
  });
});
