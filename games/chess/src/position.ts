import { Chess as Position } from 'chess.js';

export type Side = 'w' | 'b';

export type MoveText =
  | { readonly san: string }
  | { readonly from: string; readonly to: string; readonly promotion?: 'q' | 'r' | 'b' | 'n' };

export interface PlayedMove {
  readonly san: string;
  /** The position after it. */
  readonly fen: string;
  /** The game is over by the position alone. */
  readonly over: 'checkmate' | 'stalemate' | 'insufficient' | null;
}

/** The move, played on this position; null when the laws forbid it. A pawn that reaches the end becomes a queen unless told. */
export function playMove(fen: string, move: MoveText): PlayedMove | null {
  const position = new Position(fen, { skipValidation: true });
  const played = tryMove(position, 'san' in move ? move.san : { promotion: 'q', ...move });
  // chess.js takes '--' as a pass, which analysts write and the laws do not know.
  if (!played || played.san === '--') return null;
  return { san: played.san, fen: position.fen(), over: overBy(position) };
}

/** What makes two positions the same for repetition: pieces, side to move, castling, en passant (article 9.2.3). */
export function repetitionKey(fen: string): string {
  return fen.split(' ', 4).join(' ');
}

/** Moves of either side since the last capture or pawn move. */
export function halfMovesOf(fen: string): number {
  return Number(fen.split(' ')[4]);
}

/**
 * Whether `side` could mate by any series of legal moves, the other helping: who could not cannot win on time.
 * Source: FIDE Laws of Chess, article 6.9, for the material that is left (closed positions are not looked into).
 */
export function canMate(fen: string, side: Side): boolean {
  const position = new Position(fen, { skipValidation: true });
  const pieces = position.board().flatMap((rank) => rank.flatMap((piece) => (piece && piece.type !== 'k' ? [piece] : [])));
  const own = pieces.filter(({ color }) => color === side);
  const others = pieces.filter(({ color }) => color !== side);
  if (own.length === 0) return false;
  // A lone knight needs a piece of the other's to block the king's last square; a queen there would cover it.
  if (own.length === 1 && own[0].type === 'n') return others.some(({ type }) => type !== 'q');
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
