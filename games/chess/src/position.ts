import { Chess as Position } from 'chess.js';

export type Side = 'w' | 'b';

export type MoveText =
  | { readonly san: string }
  | { readonly from: string; readonly to: string; readonly promotion?: 'q' | 'r' | 'b' | 'n' };

export interface PlayedMove {
  readonly san: string;
  /** The position after the move, as FEN. */
  readonly fen: string;
  /** The rule by which the position ends the game. Null: the game continues. */
  readonly over: 'checkmate' | 'stalemate' | 'insufficient' | null;
}

/**
 * Plays the move in this position. Returns null when the move is not legal. A pawn that reaches the last rank becomes a queen unless the
 * move names another piece.
 */
export function playMove(fen: string, move: MoveText): PlayedMove | null {
  const position = new Position(fen, { skipValidation: true });
  const played = tryMove(position, 'san' in move ? move.san : { promotion: 'q', ...move });
  // chess.js accepts '--' as a null move, which analysts use but the laws do not allow.
  if (!played || played.san === '--') return null;
  return { san: played.san, fen: position.fen(), over: overBy(position) };
}

/** The number of times that each position occurred since the last capture or pawn move. Earlier positions cannot occur again. */
export type Occurrences = Record<string, number>;

/**
 * Returns the result of a move by the laws alone, without a claim: checkmate, stalemate, a dead position, the fifth occurrence of a
 * position, or seventy-five moves without a capture or pawn move (articles 5.1, 5.2 and 9.6). Null: the game continues.
 * @param times how often the position after the move has occurred
 */
export function automaticEnd({ over, fen }: PlayedMove, times: number): AutomaticEnd | null {
  if (over) return over;
  if (times >= 5) return 'repetition';
  return halfMovesOf(fen) >= 150 ? 'fifty-moves' : null;
}

export type AutomaticEnd = 'checkmate' | 'stalemate' | 'insufficient' | 'repetition' | 'fifty-moves';

/** Counts the position after a move. Returns the new counts of all positions, and the count of this position. */
export function countPosition(before: Occurrences, fen: string): { readonly occurrences: Occurrences; readonly times: number } {
  const occurrences = halfMovesOf(fen) === 0 ? {} : before;
  const key = repetitionKey(fen);
  const times = (occurrences[key] ?? 0) + 1;
  occurrences[key] = times;
  return { occurrences, times };
}

/**
 * Returns the key of a position. By article 9.2.3, two positions are the same if they have the same pieces, side to move, castling rights
 * and en passant captures. They then have the same key.
 */
export function repetitionKey(fen: string): string {
  return fen.split(' ', 4).join(' ');
}

export function sideToMove(fen: string): Side {
  return fen.split(' ', 2)[1] === 'b' ? 'b' : 'w';
}

/** Returns the number of single moves since the last capture or pawn move. Moves of both sides count. */
export function halfMovesOf(fen: string): number {
  return Number(fen.split(' ')[4]);
}

/**
 * Returns whether `side` could mate by any series of legal moves, even with help. When a player's time is over and the opponent could not
 * mate, the game is a draw. Decides by the material on the board, and does not analyze blocked positions. Source: FIDE Laws of Chess,
 * article 6.9.
 */
export function canMate(fen: string, side: Side): boolean {
  const position = new Position(fen, { skipValidation: true });
  const pieces = position.board().flatMap((rank) => rank.flatMap((piece) => (piece && piece.type !== 'k' ? [piece] : [])));
  const own = pieces.filter(({ color }) => color === side);
  const others = pieces.filter(({ color }) => color !== side);
  if (own.length === 0) return false;
  // A lone knight can mate only when a piece of the opponent blocks the king's last square. A queen does not count, because a queen on that
  // square would prevent the mate.
  if (own.length === 1 && own[0]!.type === 'n') return others.some(({ type }) => type !== 'q');
  if (own.every(({ type }) => type === 'b')) {
    const colours = new Set(pieces.filter(({ type }) => type === 'b').map(({ square }) => position.squareColor(square)));
    return colours.size === 2 || others.some(({ type }) => type === 'n' || type === 'p');
  }
  return true;
}

function tryMove(position: Position, move: Parameters<Position['move']>[0]): ReturnType<Position['move']> | null {
  try {
    return position.move(move);
  } catch {
    return null;
  }
}

function overBy(position: Position): PlayedMove['over'] {
  if (position.isCheckmate()) return 'checkmate';
  if (position.isStalemate()) return 'stalemate';
  return position.isInsufficientMaterial() ? 'insufficient' : null;
}
