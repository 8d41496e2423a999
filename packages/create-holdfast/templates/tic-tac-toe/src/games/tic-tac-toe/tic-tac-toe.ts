import { Command, Game, type GameRoom, type GameRules, OnSeat, OnTimer, type Seat, type Setup } from '@holdfast/game-kit';
import { z } from 'zod';

/** The state of a room. It is plain data: Holdfast stores it and sends its changes to the players. */
export interface Board {
  /** The cells, row by row: the seat that marked the cell. Null: the cell is empty. */
  cells: (Seat | null)[];
  turn: Seat;
}

/** The result of a game. A draw has no winner. */
export interface TicTacToeResult {
  winner: Seat | null;
}

const TURN_MS = 30_000;
const Place = z.object({ cell: z.int().min(0).max(8) });

/** The rules. One instance serves all rooms of a server, so the class has no state of its own. */
@Game({ name: 'tic-tac-toe', version: 1, seats: 2 })
export class TicTacToe implements GameRules<Board> {
  setup(room: Setup): Board {
    room.schedule('turn', TURN_MS);
    return { cells: Array<Seat | null>(9).fill(null), turn: 0 };
  }

  /** A command of a player. The room has already validated the data. Change the state in place. A rejected command changes nothing. */
  @Command(Place)
  place(room: GameRoom<Board>, { cell }: z.infer<typeof Place>): void {
    const { state, seat } = room;
    if (seat !== state.turn) room.reject('not-your-turn');
    if (state.cells[cell] !== null) room.reject('cell-taken');
    state.cells[cell] = seat;
    if (LINES.some((line) => line.every((each) => state.cells[each] === seat))) return finish(room, seat);
    if (!state.cells.includes(null)) return finish(room, null);
    this.nextTurn(room);
  }

  /** The player took too long, so the turn passes. If this server dies, the timer continues on another server. */
  @OnTimer('turn')
  protected pass(room: GameRoom<Board>): void {
    this.nextTurn(room);
  }

  /** The player left, or did not come back within a minute (`seatGraceMs` of `@Game`). */
  @OnSeat('left')
  protected giveUp(room: GameRoom<Board>): void {
    finish(room, 1 - room.seat);
  }

  private nextTurn(room: GameRoom<Board>): void {
    room.state.turn = 1 - room.state.turn;
    room.schedule('turn', TURN_MS);
  }
}

function finish(room: GameRoom<Board>, winner: Seat | null): void {
  const result: TicTacToeResult = { winner };
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
