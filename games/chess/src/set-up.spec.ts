import { STANDARD_POSITION, setUpPosition } from './set-up.js';

describe('setUpPosition', () => {
  it('accepts the standard position and an endgame', () => {
    expect(setUpPosition(STANDARD_POSITION)).toEqual({ ok: true, fen: STANDARD_POSITION });
    expect(setUpPosition('8/8/8/4k3/8/8/4P3/4K3 b - - 12 40')).toEqual({ ok: true, fen: '8/8/8/4k3/8/8/4P3/4K3 b - - 12 40' });
  });

  it('adds missing fields, and replaces move number 0 with 1', () => {
    expect(setUpPosition(' 8/8/8/4k3/8/8/4P3/4K3  w ')).toEqual({ ok: true, fen: '8/8/8/4k3/8/8/4P3/4K3 w - - 0 1' });
    expect(setUpPosition('8/8/8/4k3/8/8/4P3/4K3 w - - 0 0')).toEqual({ ok: true, fen: '8/8/8/4k3/8/8/4P3/4K3 w - - 0 1' });
  });

  it('corrects the order of castling rights, and removes an en passant square without a possible capture', () => {
    const fen = 'rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b qkQK e3 0 1';
    expect(setUpPosition(fen)).toEqual({ ok: true, fen: 'rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1' });
  });

  it.each([
    ['no FEN', 'hello', 'is not a FEN'],
    ['a board of seven ranks', '8/8/8/4k3/8/8/4K3 w - - 0 1', 'is not valid'],
    ['a board without a king', '8/8/8/8/8/8/4P3/4K3 w - - 0 1', 'missing black king'],
    ['a pawn on the first rank', '8/8/8/4k3/8/8/8/P3K3 w - - 0 1', 'pawns'],
    ['castling rights by file', 'bqnrkrnb/pppppppp/8/8/8/8/PPPPPPPP/BQNRKRNB w DFdf - 0 1', 'Chess960'],
    ['a castling right with the king elsewhere', 'bqnrnkrb/pppppppp/8/8/8/8/PPPPPPPP/BQNRNKRB w KQkq - 0 1', 'Chess960'],
    ['a castling right without the rook', '4k3/8/8/8/8/8/4P3/4K3 w K - 0 1', 'needs a king on e1 and a rook on h1'],
    ['the other king in check', '4k3/8/8/8/8/8/8/4RK2 w - - 0 1', 'not to move in check'],
    ['checkmate', '7k/6Q1/6K1/8/8/8/8/8 b - - 0 1', 'is checkmate already'],
    ['stalemate', '7k/5Q2/6K1/8/8/8/8/8 b - - 0 1', 'is stalemate already'],
    ['nothing but two kings', '7k/8/6K1/8/8/8/8/8 b - - 0 1', 'is a draw already'],
    ['150 half moves', '7k/8/5QK1/8/8/8/8/8 b - - 150 90', 'seventy-five-move rule'],
  ])('refuses %s', (_what, fen, flaw) => {
    expect(setUpPosition(fen)).toEqual({ ok: false, flaw: expect.stringContaining(flaw) });
  });
});
