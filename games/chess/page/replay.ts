import { type Move, Chess as Position, type Square } from 'chess.js';
import type { Side } from '../src/position.js';
import type { PieceKind } from './pieces.js';

export interface PlacedPiece {
  readonly kind: PieceKind;
  readonly side: Side;
}

interface Step {
  readonly from: string;
  readonly to: string;
}

/** The game on the page: the room's moves, followed by the player's move that has no answer yet. */
export class Replay {
  private position = new Position();
  private startFen: string | undefined;
  private played: readonly string[] = [];
  /** For each move on the board, the square from which the piece moved and the square to which it moved. */
  private steps: Step[] = [];
  private ahead = false;
  /** Legal moves by square. Computed once per position, because the page needs them many times per second. */
  private readonly legal = new Map<string, readonly Move[]>();

  /**
   * Shows the moves of the room, without a move that `tryOut` played. `startFen`: the position at the beginning. Absent: the standard
   * position.
   */
  follow(moves: readonly string[], startFen?: string): void {
    this.takeBack();
    const isSame = this.startFen === startFen && this.played.length <= moves.length && this.played.every((san, at) => moves[at] === san);
    if (!isSame) {
      this.position = new Position(startFen);
      this.startFen = startFen;
      this.steps = [];
      this.played = [];
      this.legal.clear();
    }
    for (const san of moves.slice(this.played.length)) this.play(san);
    this.played = moves;
  }

  /** Plays a move before the room has answered. */
  tryOut(from: string, to: string, promotion: string | undefined): void {
    this.takeBack();
    this.play({ from, to, ...(promotion !== undefined && { promotion }) });
    this.ahead = true;
  }

  takeBack(): void {
    if (!this.ahead) return;
    this.position.undo();
    this.steps.pop();
    this.legal.clear();
    this.ahead = false;
  }

  get isAhead(): boolean {
    return this.ahead;
  }

  get turn(): Side {
    return this.position.turn();
  }

  at(square: string): PlacedPiece | null {
    const found = this.position.get(square as Square);
    return found ? { kind: found.type, side: found.color } : null;
  }

  movesFrom(square: string): readonly Move[] {
    const moves = this.legal.get(square) ?? this.position.moves({ square: square as Square, verbose: true });
    this.legal.set(square, moves);
    return moves;
  }

  last(): Step | null {
    return this.steps[this.steps.length - 1] ?? null;
  }

  /** The square of the king in check. Null: the side to move is not in check. */
  checked(): string | null {
    if (!this.position.isCheck()) return null;
    return this.position.findPiece({ type: 'k', color: this.position.turn() })[0] ?? null;
  }

  /** White's material minus Black's, in pawns. */
  balance(): number {
    let sum = 0;
    for (const one of this.position.board().flat()) if (one) sum += one.color === 'w' ? WORTH[one.type] : -WORTH[one.type];
    return sum;
  }

  /** True when a draw can be claimed: the position occurred three times, or fifty moves passed without a capture or pawn move. */
  mayClaimDraw(positions: Readonly<Record<string, number>>): boolean {
    const fen = this.position.fen().split(' ');
    return (positions[fen.slice(0, 4).join(' ')] ?? 0) >= 3 || Number(fen[4]) >= 100;
  }

  private play(move: Parameters<Position['move']>[0]): void {
    const { from, to } = this.position.move(move);
    this.steps.push({ from, to });
    this.legal.clear();
  }
}

const WORTH: Readonly<Record<PieceKind, number>> = { p: 1, n: 3, b: 3, r: 5, q: 9, k: 0 };
