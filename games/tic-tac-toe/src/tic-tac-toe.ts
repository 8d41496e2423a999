import { z } from 'zod';
import { Command, Game, type GameRoom, type GameRules, OnSeat, OnTimer, type Seat, type Setup } from '#libs/game-kit';
import { TicTacToeOptions } from './tic-tac-toe.options.js';

export interface Board {
  /** The cells, row by row. Each value is the seat that marked the cell, or null for an empty cell. */
  cells: (Seat | null)[];
  turn: Seat;
  moves: number;
  /** Number of turns that the players have missed in a row. A move resets it to 0. */
  passes: number;
}

export interface TicTacToeResult {
  winner: Seat | null;
  by: 'line' | 'full' | 'left' | 'timeout';
  /** The three cells of the winning line. */
  line?: readonly number[];
}

const Place = z.object({ cell: z.int().min(0).max(8) });

@Game({ name: 'tic-tac-toe', version: 1, seats: 2 })
export class TicTacToe implements GameRules<Board> {
  constructor(private readonly options: TicTacToeOptions) {}

  setup(room: Setup): Board {
    room.schedule('turn', this.options.turnMs);
    return { cells: Array<Seat | null>(9).fill(null), turn: 0, moves: 0, passes: 0 };
  }

  @Command(Place)
  place(room: GameRoom<Board>, { cell }: z.infer<typeof Place>): void {
    const { state, seat } = room;
    if (seat !== state.turn) room.reject('not-your-turn');
    if (state.cells[cell] !== null) room.reject('cell-taken');
    state.cells[cell] = seat;
    state.moves += 1;
    state.passes = 0;
    room.emit('placed', { seat, cell });
    const line = LINES.find((cells) => cells.every((one) => state.cells[one] === seat));
    if (line) return finish(room, { winner: seat, by: 'line', line });
    if (state.moves === 9) return finish(room, { winner: null, by: 'full' });
    this.nextTurn(room);
  }

  @OnTimer('turn')
  protected pass(room: GameRoom<Board>): void {
    room.state.passes += 1;
    room.emit('passed', { seat: room.state.turn });
    if (room.state.passes === 2) return finish(room, { winner: null, by: 'timeout' });
    this.nextTurn(room);
  }

  @OnSeat('left')
  protected giveUp(room: GameRoom<Board>): void {
    finish(room, { winner: 1 - room.seat, by: 'left' });
  }

  private nextTurn(room: GameRoom<Board>): void {
    room.state.turn = 1 - room.state.turn;
    room.schedule('turn', this.options.turnMs);
  }
}

function finish(room: GameRoom<Board>, result: TicTacToeResult): void {
  room.cancel('turn');
  room.end(result);
}

const LINES = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
] as const;
