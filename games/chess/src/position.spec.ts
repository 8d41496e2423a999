import { canMate, halfMovesOf, playMove, repetitionKey } from './position.js';

describe('playMove', () => {
  it('reports `insufficient` for two bare kings, but not for kings and a pawn', () => {
    expect(playMove('8/8/8/8/8/2k5/3p4/3K4 w - - 0 1', { san: 'Kxd2' })).toBeNull();
    expect(playMove('8/8/8/8/8/8/2kp4/4K3 w - - 0 1', { san: 'Kf1' })?.over).toBeNull();
    expect(playMove('8/8/8/8/5k2/8/3p4/4K3 w - - 0 1', { san: 'Kxd2' })?.over).toBe('insufficient');
  });

  it('reports checkmate even when the same move completes seventy-five moves without a capture or pawn move', () => {
    expect(playMove('7k/5Q2/6K1/8/8/8/8/8 w - - 149 100', { san: 'Qg7' })?.over).toBe('checkmate');
  });

  it('refuses a null move', () => {
    expect(playMove('8/8/8/8/8/2k5/3p4/3K4 w - - 0 1', { san: '--' })).toBeNull();
  });
});

describe('repetitionKey', () => {
  it('omits the move counters, but contains castling rights and the en passant square', () => {
    expect(repetitionKey('rnbqkbnr/pppp1ppp/8/8/3Pp3/8/PPP1PPPP/RNBQKBNR b KQkq d3 0 3')).toBe(
      'rnbqkbnr/pppp1ppp/8/8/3Pp3/8/PPP1PPPP/RNBQKBNR b KQkq d3',
    );
  });

  it('includes an en passant square only when the capture is possible', () => {
    expect(repetitionKey(playMove(START, { san: 'e4' })?.fen ?? '')).toMatch(/ b KQkq -$/);
  });
});

describe('halfMovesOf', () => {
  it('counts the moves of both sides since the last capture or pawn move', () => {
    expect(halfMovesOf(playMove(START, { san: 'Nf3' })?.fen ?? '')).toBe(1);
    expect(halfMovesOf(playMove(START, { san: 'e4' })?.fen ?? '')).toBe(0);
  });
});

describe('canMate', () => {
  it.each([
    ['a bare king', '8/8/8/8/8/2k5/8/QQ2K3', 'b', false],
    ['a queen', '8/8/8/8/8/2k5/8/Q3K3', 'w', true],
    ['a pawn', '8/8/8/8/8/2k5/P7/4K3', 'w', true],
    ['two knights', '8/8/8/8/8/2k5/8/NN2K3', 'w', true],
    ['a knight against a bare king', '8/8/8/8/8/2k5/8/N3K3', 'w', false],
    ['a knight against a queen', '8/8/8/8/8/2k5/q7/N3K3', 'w', false],
    ['a knight against a rook', '8/8/8/8/8/2k5/r7/N3K3', 'w', true],
    ['a knight against a pawn', '8/8/8/p7/8/2k5/8/N3K3', 'w', true],
    ['a bishop against a bare king', '8/8/8/8/8/2k5/8/B3K3', 'w', false],
    ['a bishop against one of its own colour', 'b7/8/8/8/8/2k5/8/4K2B', 'w', false],
    ['a bishop against one of the other colour', '1b6/8/8/8/8/2k5/8/4K2B', 'w', true],
    ['a bishop against a rook', '1r6/8/8/8/8/2k5/8/4K2B', 'w', false],
    ['a bishop against a knight', '1n6/8/8/8/8/2k5/8/4K2B', 'w', true],
    ['two bishops of both colours', '8/8/8/8/8/2k5/8/4K1BB', 'w', true],
    ['two bishops of one colour', '8/8/8/8/8/2k5/6B1/4K2B', 'w', false],
    ['a bishop and a knight', '8/8/8/8/8/2k5/8/4K1NB', 'w', true],
  ] as const)('for %s (%s) and the side %s, returns %s', (_what, board, side, expected) => {
    expect(canMate(`${board} w - - 0 1`, side)).toBe(expected);
  });
});

const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';
