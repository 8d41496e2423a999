import { z } from 'zod';
import { Command, Game, type GameRoom, type GameRules, OnPause, OnSeat, OnTimer, type Seat, type Setup } from '#libs/game-kit';
import { ChessOptions } from './chess.options.js';
import { automaticEnd, canMate, countPosition, halfMovesOf, playMove, repetitionKey, type Side, sideToMove } from './position.js';
import { FEN_CHARS_MAX, STANDARD_POSITION, setUpPosition } from './set-up.js';

/** The state of a game of chess. Seat 0 plays White. */
export interface ChessState {
  fen: string;
  /** The position at the beginning. Absent: the standard position. */
  startFen?: string;
  /** All moves so far, in standard algebraic notation. */
  moves: string[];
  turn: Side;
  clocks: Clocks;
  drawOfferedBy: Seat | null;
  /** The number of times that each position occurred since the last capture or pawn move. Earlier positions cannot occur again. */
  positions: Record<string, number>;
}

/**
 * The remaining time of each side, in ms. The clock of the side to move has run since `runningSince`, in ms since 1970. `runningSince` is
 * null when the game is over.
 */
export interface Clocks {
  white: number;
  black: number;
  runningSince: number | null;
}

export interface ChessResult {
  result: '1-0' | '0-1' | '1/2-1/2';
  by: 'checkmate' | 'resignation' | 'agreement' | 'stalemate' | 'repetition' | 'fifty-moves' | 'insufficient' | 'time' | 'left';
  winner: Seat | null;
}

const square = z.string().regex(/^[a-h][1-8]$/);
const Move = z.union([
  z.object({ san: z.string().min(2).max(10) }),
  z.object({ from: square, to: square, promotion: z.enum(['q', 'r', 'b', 'n']).optional() }),
]);

/** Options of a room. They set the position in which the room's games begin. */
const RoomOptions = z.strictObject({
  fen: z
    .string()
    .max(FEN_CHARS_MAX)
    .transform((text, context) => {
      const setUp = setUpPosition(text);
      if (setUp.ok) return setUp.fen;
      context.addIssue({ code: 'custom', message: `the position ${setUp.flaw}` });
      return z.NEVER;
    }),
});

/**
 * Chess by the FIDE laws. Threefold repetition, and fifty moves without a capture or pawn move, are draws only when a player claims them.
 * Fivefold repetition, and seventy-five moves without a capture or pawn move, end the game automatically (articles 9.2, 9.3, 9.6).
 */
@Game({ name: 'chess', version: 1, seats: 2, options: RoomOptions })
export class Chess implements GameRules<ChessState> {
  constructor(private readonly options: ChessOptions) {}

  setup(room: Setup<z.infer<typeof RoomOptions> | undefined>): ChessState {
    const { mainMs } = this.options;
    const fen = room.options?.fen ?? STANDARD_POSITION;
    room.schedule('flag', mainMs);
    return {
      fen,
      ...(fen !== STANDARD_POSITION && { startFen: fen }),
      moves: [],
      turn: sideToMove(fen),
      clocks: { white: mainMs, black: mainMs, runningSince: room.now },
      drawOfferedBy: null,
      positions: { [repetitionKey(fen)]: 1 },
    };
  }

  @Command(Move)
  move(room: GameRoom<ChessState>, move: z.infer<typeof Move>): void {
    const { state, seat } = room;
    if (seat !== SEAT[state.turn]) room.reject('not-your-turn');
    // The player's time can be over although the timer has not fired yet.
    if (timeLeft(room) <= 0) return this.flagFell(room);
    const played = playMove(state.fen, move);
    if (!played) room.reject('illegal-move');
    const times = recordPosition(state, played.fen);
    state.moves.push(played.san);
    this.passClock(room);
    if (state.drawOfferedBy !== seat) state.drawOfferedBy = null;
    room.emit('moved', { seat, san: played.san });
    const end = automaticEnd(played, times);
    if (end === 'checkmate') win(room, seat, end);
    else if (end) draw(room, end);
  }

  @Command()
  resign(room: GameRoom<ChessState>): void {
    win(room, 1 - room.seat, 'resignation');
  }

  /** Offers a draw, or accepts an offer of the opponent. An offer is open until the opponent accepts, declines or moves. */
  @Command()
  offerDraw(room: GameRoom<ChessState>): void {
    const { state, seat } = room;
    if (state.drawOfferedBy === 1 - seat) return draw(room, 'agreement');
    state.drawOfferedBy = seat;
    room.emit('draw-offered', { seat });
  }

  @Command()
  acceptDraw(room: GameRoom<ChessState>): void {
    if (room.state.drawOfferedBy !== 1 - room.seat) room.reject('no-draw-offer');
    draw(room, 'agreement');
  }

  @Command()
  declineDraw(room: GameRoom<ChessState>): void {
    if (room.state.drawOfferedBy !== 1 - room.seat) room.reject('no-draw-offer');
    room.state.drawOfferedBy = null;
    room.emit('draw-declined', { seat: room.seat });
  }

  /**
   * Ends the game as a draw when the player to move may claim one: when the position occurs for the third time, or after fifty moves
   * without a capture or pawn move.
   */
  @Command()
  claimDraw(room: GameRoom<ChessState>): void {
    const { state, seat } = room;
    if (seat !== SEAT[state.turn]) room.reject('not-your-turn');
    if (state.positions[repetitionKey(state.fen)]! >= 3) return draw(room, 'repetition');
    if (halfMovesOf(state.fen) >= 100) return draw(room, 'fifty-moves');
    room.reject('no-draw-claim');
  }

  @OnTimer('flag')
  protected flagFell(room: GameRoom<ChessState>): void {
    const { state } = room;
    const other = state.turn === 'w' ? 'b' : 'w';
    if (canMate(state.fen, other)) win(room, SEAT[other], 'time');
    else draw(room, 'time');
  }

  /** Moves the start of the running clock forward by the downtime, which does not count as thinking time. */
  @OnPause()
  protected goOn(room: GameRoom<ChessState>, pausedMs: number): void {
    const { clocks } = room.state;
    if (clocks.runningSince === null) return;
    clocks.runningSince = Math.min(room.now, clocks.runningSince + pausedMs);
    room.schedule('flag', Math.max(0, timeLeft(room)));
  }

  @OnSeat('left')
  protected left(room: GameRoom<ChessState>): void {
    win(room, 1 - room.seat, 'left');
  }

  private passClock(room: GameRoom<ChessState>): void {
    const { state } = room;
    state.clocks[CLOCK[state.turn]] = timeLeft(room) + this.options.incrementMs;
    state.turn = state.turn === 'w' ? 'b' : 'w';
    state.clocks.runningSince = room.now;
    room.schedule('flag', state.clocks[CLOCK[state.turn]]);
  }
}

const SEAT = { w: 0, b: 1 } as const satisfies Record<Side, Seat>;
const CLOCK = { w: 'white', b: 'black' } as const satisfies Record<Side, keyof Clocks>;

/** Returns the remaining time of the side to move, in ms. */
function timeLeft({ state, now }: GameRoom<ChessState>): number {
  const { clocks, turn } = state;
  return clocks[CLOCK[turn]] - (clocks.runningSince === null ? 0 : now - clocks.runningSince);
}

/** Records the position, and returns how often it has occurred. */
function recordPosition(state: ChessState, fen: string): number {
  const { occurrences, times } = countPosition(state.positions, fen);
  state.fen = fen;
  state.positions = occurrences;
  return times;
}

function win(room: GameRoom<ChessState>, winner: Seat, by: ChessResult['by']): void {
  finish(room, { result: winner === 0 ? '1-0' : '0-1', by, winner });
}

function draw(room: GameRoom<ChessState>, by: ChessResult['by']): void {
  finish(room, { result: '1/2-1/2', by, winner: null });
}

function finish(room: GameRoom<ChessState>, result: ChessResult): void {
  const { clocks, turn } = room.state;
  clocks[CLOCK[turn]] = Math.max(0, timeLeft(room));
  clocks.runningSince = null;
  room.cancel('flag');
  room.end(result);
}
