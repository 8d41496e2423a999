import { DEFAULT_POSITION, Chess as Position, type Square, validateFen } from 'chess.js';
import type { Side } from './position.js';

export type SetUp =
  /** `fen` has all six fields. It contains an en passant square only when a pawn can capture there. */
  | { readonly ok: true; readonly fen: string }
  /** `flaw`: the end of an error sentence that begins with "The position". */
  | { readonly ok: false; readonly flaw: string };

/** Checks whether a game can begin in this position. Only the first two fields of the FEN are required. */
export function setUpPosition(text: string): SetUp {
  const fields = text.trim().split(/\s+/);
  const [board, turn, castling = '-', passant = '-', halfMoves = '0', moves = '1'] = fields;
  if (text.length > FEN_CHARS_MAX || fields.length < 2 || fields.length > 6) return refused('is not a FEN of two to six fields');
  if (/[a-h]/i.test(castling)) return refused('is of Chess960 (its castling rights name files); only standard chess is offered');
  // Some programs start the move number at 0. This function uses 1 instead, because `validateFen` refuses 0.
  const fen = [board, turn, orderedRights(castling), passant, halfMoves, moves === '0' ? '1' : moves].join(' ');
  const { ok, error } = validateFen(fen);
  if (!ok) return refused(`is not valid: ${(error ?? '').replace(/^Invalid FEN: /, '')}`);
  if (Number(halfMoves) >= HALF_MOVES_END) return refused('is a draw by the seventy-five-move rule');
  const position = new Position(fen);
  for (const right of castling.replace('-', '')) {
    const { king, rook, ...sides } = RIGHTS[right as keyof typeof RIGHTS];
    const isThere = position.get(king)?.type === 'k' && position.get(king)?.color === sides.side;
    const hasRook = position.get(rook)?.type === 'r' && position.get(rook)?.color === sides.side;
    if (isThere && hasRook) continue;
    const also = isThere ? '' : '; only standard chess is offered, not Chess960';
    return refused(`has the castling right ${right}, which needs a king on ${king} and a rook on ${rook}${also}`);
  }
  const mover = turn as Side;
  const other = mover === 'w' ? 'b' : 'w';
  const [otherKing] = position.findPiece({ type: 'k', color: other });
  if (otherKing && position.isAttacked(otherKing, mover)) return refused('has the king of the side that is not to move in check');
  if (position.isCheckmate()) return refused('is checkmate already');
  if (position.isStalemate()) return refused('is stalemate already');
  if (position.isInsufficientMaterial()) return refused('is a draw already: neither side can mate');
  return { ok: true, fen: position.fen() };
}

export const STANDARD_POSITION = DEFAULT_POSITION;

/** Maximum length of a FEN, in characters. The longest valid FEN has 90. */
export const FEN_CHARS_MAX = 120;
const HALF_MOVES_END = 150;

const RIGHTS = {
  K: { side: 'w', king: 'e1', rook: 'h1' },
  Q: { side: 'w', king: 'e1', rook: 'a1' },
  k: { side: 'b', king: 'e8', rook: 'h8' },
  q: { side: 'b', king: 'e8', rook: 'a8' },
} as const satisfies Record<string, { side: Side; king: Square; rook: Square }>;

function orderedRights(castling: string): string {
  return /^[KQkq]+$/.test(castling) ? [...'KQkq'].filter((right) => castling.includes(right)).join('') : castling;
}

function refused(flaw: string): SetUp {
  return { ok: false, flaw };
}
