import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chess as Score } from 'chess.js';
import { GameTest } from '#libs/game-kit';
import { Chess } from './chess.js';
import { ChessModule } from './chess.module.js';
import type { ChessOptions } from './chess.options.js';
import { repetitionKey } from './position.js';
import { STANDARD_POSITION } from './set-up.js';

const play = (options: Partial<ChessOptions> = {}, roomOptions?: unknown) =>
  GameTest.create(Chess, { players: ['Adolf', 'Lionel'], imports: [ChessModule.forRoot(options)], options: roomOptions });

function moves(game: GameTest<Chess>, ...sans: string[]): void {
  for (const san of sans) game.as(game.state.turn === 'w' ? 0 : 1).move({ san });
}

/** Moves after which the position is the same as before. */
const KNIGHTS_OUT_AND_HOME = ['Nf3', 'Nf6', 'Ng1', 'Ng8'];

describe('a game of chess', () => {
  it('accepts moves in algebraic notation and as pairs of squares', async () => {
    const game = await play();
    game.as(0).move({ san: 'e4' });
    game.as(1).move({ from: 'e7', to: 'e5' });
    expect(game.state.moves).toEqual(['e4', 'e5']);
    expect(game.state.fen).toBe('rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2');
    expect(game.events).toEqual([
      { name: 'moved', data: { seat: 0, san: 'e4' } },
      { name: 'moved', data: { seat: 1, san: 'e5' } },
    ]);
  });

  it('refuses a move of a player whose opponent is to move', async () => {
    const game = await play();
    expect(game.command(1, 'move', { san: 'e5' })).toBe('not-your-turn');
    moves(game, 'e4');
    expect(game.command(0, 'move', { san: 'd4' })).toBe('not-your-turn');
  });

  it.each([
    { san: 'e5' },
    { san: 'Ke2' },
    { san: '--' },
    { san: 'O-O' },
    { san: 'e4 d4' },
    { from: 'e2', to: 'e5' },
    { from: 'e7', to: 'e5' },
  ])('refuses the move %j as the first move', async (move) => {
    const game = await play();
    expect(game.command(0, 'move', move)).toBe('illegal-move');
    expect(game.state.moves).toEqual([]);
  });

  it.each([{}, { san: 'e4'.repeat(10) }, { from: 'e2' }, { from: 'e2', to: 'e9' }, 'e4', undefined])(
    'refuses the move %j as invalid data',
    async (data) => {
      const game = await play();
      expect(game.command(0, 'move', data)).toBe('bad-data');
    },
  );

  it('promotes a pawn to a queen by default, and to a knight on request', async () => {
    const game = await play();
    moves(game, 'a4', 'b5', 'axb5', 'a6', 'bxa6', 'Bb7', 'a7', 'Bc6');
    game.as(0).move({ from: 'a7', to: 'b8', promotion: 'n' });
    expect(game.state.moves.at(-1)).toBe('axb8=N');

    const other = await play();
    moves(other, 'a4', 'b5', 'axb5', 'a6', 'bxa6', 'Bb7', 'a7', 'Bc6');
    other.as(0).move({ from: 'a7', to: 'b8' });
    expect(other.state.moves.at(-1)).toBe('axb8=Q');
  });

  describe('that is played to its end', () => {
    it('ends by checkmate', async () => {
      const game = await play();
      moves(game, 'f3', 'e5', 'g4', 'Qh4#');
      expect(game.ended?.result).toEqual({ result: '0-1', by: 'checkmate', winner: 1 });
      expect(game.timers).toEqual({});
      expect(game.state.clocks.runningSince).toBeNull();
    });

    it('ends by stalemate as a draw', async () => {
      const game = await play();
      // The shortest known stalemate, by Sam Loyd.
      moves(
        game,
        'e3',
        'a5',
        'Qh5',
        'Ra6',
        'Qxa5',
        'h5',
        'h4',
        'Rah6',
        'Qxc7',
        'f6',
        'Qxd7+',
        'Kf7',
        'Qxb7',
        'Qd3',
        'Qxb8',
        'Qh7',
        'Qxc8',
        'Kg6',
        'Qe6',
      );
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'stalemate', winner: null });
    });

    it('ends by resignation, even when the opponent is to move', async () => {
      const game = await play();
      game.as(1).resign();
      expect(game.ended?.result).toEqual({ result: '1-0', by: 'resignation', winner: 0 });
    });

    it('ends when a player leaves', async () => {
      const game = await play();
      game.seat(0).left();
      expect(game.ended?.result).toEqual({ result: '0-1', by: 'left', winner: 1 });
    });

    it('ends as a draw when only the kings are left', async () => {
      const game = await play();
      moves(game, ...capturesUntil((score) => score.isInsufficientMaterial()));
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'insufficient', winner: null });
    });
  });

  describe('in which a player may offer a draw', () => {
    it('ends when the opponent accepts the offer', async () => {
      const game = await play();
      game.as(0).offerDraw();
      expect(game.state.drawOfferedBy).toBe(0);
      expect(game.ended).toBeUndefined();
      game.as(1).acceptDraw();
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'agreement', winner: null });
    });

    it('ends when both players offer a draw', async () => {
      const game = await play();
      game.as(0).offerDraw();
      game.as(1).offerDraw();
      expect(game.ended?.result).toMatchObject({ by: 'agreement' });
    });

    it("does not let a player accept the player's own offer", async () => {
      const game = await play();
      game.as(0).offerDraw();
      expect(game.command(0, 'acceptDraw')).toBe('no-draw-offer');
      expect(game.command(0, 'declineDraw')).toBe('no-draw-offer');
    });

    it('refuses an acceptance or a refusal of a draw when no offer exists', async () => {
      const game = await play();
      expect(game.command(1, 'acceptDraw')).toBe('no-draw-offer');
      expect(game.command(1, 'declineDraw')).toBe('no-draw-offer');
    });

    it('removes the offer when the opponent declines the offer', async () => {
      const game = await play();
      game.as(0).offerDraw();
      game.as(1).declineDraw();
      expect(game.state.drawOfferedBy).toBeNull();
      expect(game.events.map(({ name }) => name)).toEqual(['draw-offered', 'draw-declined']);
    });

    it('removes the offer when the opponent moves, but not when the offering player moves', async () => {
      const game = await play();
      game.as(0).offerDraw();
      moves(game, 'e4');
      expect(game.state.drawOfferedBy).toBe(0);
      moves(game, 'e5');
      expect(game.state.drawOfferedBy).toBeNull();
    });
  });

  describe('in which positions repeat or nothing is captured', () => {
    it('allows the claim of a draw when a position occurs for the third time', async () => {
      const game = await play();
      moves(game, ...KNIGHTS_OUT_AND_HOME);
      expect(game.command(0, 'claimDraw')).toBe('no-draw-claim');
      moves(game, ...KNIGHTS_OUT_AND_HOME);
      expect(game.ended).toBeUndefined();
      expect(game.command(1, 'claimDraw')).toBe('not-your-turn');
      game.as(0).claimDraw();
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'repetition', winner: null });
    });

    it('ends without a claim when a position occurs for the fifth time', async () => {
      const game = await play();
      for (let times = 1; times < 4; times++) moves(game, ...KNIGHTS_OUT_AND_HOME);
      expect(game.ended).toBeUndefined();
      moves(game, ...KNIGHTS_OUT_AND_HOME);
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'repetition', winner: null });
    });

    it('distinguishes positions with different castling rights', async () => {
      const game = await play();
      moves(game, 'e4', 'e5', 'Ke2', 'Ke7', 'Ke1', 'Ke8');
      // The pieces are on the same squares as after the first move of each side. But castling is no longer allowed, so by the rules this is
      // a new position.
      expect(game.state.positions[game.state.fen.split(' ', 4).join(' ')]).toBe(1);
    });

    it('deletes stored positions that cannot occur again', async () => {
      const game = await play();
      moves(game, ...KNIGHTS_OUT_AND_HOME);
      expect(Object.keys(game.state.positions)).toHaveLength(4);
      moves(game, 'e4');
      expect(Object.keys(game.state.positions)).toHaveLength(1);
    });

    it('allows the claim of a draw after fifty moves without a capture, and ends after seventy-five such moves', async () => {
      const game = await play();
      for (const san of wander(100)) moves(game, san);
      expect(game.ended).toBeUndefined();
      const claimed = await play();
      for (const san of wander(100)) moves(claimed, san);
      claimed.as(0).claimDraw();
      expect(claimed.ended?.result).toEqual({ result: '1/2-1/2', by: 'fifty-moves', winner: null });
      for (const san of wander(150).slice(100, 149)) moves(game, san);
      expect(game.ended).toBeUndefined();
      moves(game, wander(150)[149]);
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'fifty-moves', winner: null });
    });

    it('refuses the claim of a draw one move too early', async () => {
      const game = await play();
      for (const san of wander(99)) moves(game, san);
      expect(game.command(1, 'claimDraw')).toBe('no-draw-claim');
    });
  });

  describe('with clocks', () => {
    it('subtracts the time of a move from the clock of its player, and adds the increment', async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 2_000 });
      game.advance(10_000);
      moves(game, 'e4');
      expect(game.state.clocks).toEqual({ white: 52_000, black: 60_000, runningSince: game.now });
      game.advance(5_000);
      moves(game, 'e5');
      expect(game.state.clocks).toEqual({ white: 52_000, black: 57_000, runningSince: game.now });
    });

    it("ends when a player's time runs out", async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 0 });
      moves(game, 'e4');
      game.advance(59_999);
      expect(game.ended).toBeUndefined();
      game.advance(1);
      expect(game.ended?.result).toEqual({ result: '1-0', by: 'time', winner: 0 });
      expect(game.state.clocks).toEqual({ white: 60_000, black: 0, runningSince: null });
    });

    it('stops its clocks while its room has no owner', async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 0 });
      game.advance(10_000);
      game.pause(30_000);
      game.advance(5_000);
      moves(game, 'e4');
      expect(game.state.clocks).toEqual({ white: 45_000, black: 60_000, runningSince: game.now });
      game.advance(100);
      game.pause(30_000);
      game.advance(59_899);
      expect(game.ended).toBeUndefined();
      game.advance(1);
      expect(game.ended?.result).toEqual({ result: '1-0', by: 'time', winner: 0 });
    });

    it('ends when a player moves after the time of that player has run out', async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 5_000 });
      game.stall(60_000);
      game.as(0).move({ san: 'e4' });
      expect(game.state.moves).toEqual([]);
      expect(game.ended?.result).toEqual({ result: '0-1', by: 'time', winner: 1 });
    });

    it('measures the time of each side separately', async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 0 });
      for (const san of wander(8)) {
        game.advance(14_000);
        moves(game, san);
      }
      expect(game.ended).toBeUndefined();
      game.advance(4_000);
      expect(game.ended?.result).toEqual({ result: '0-1', by: 'time', winner: 1 });
    });

    it("ends as a draw when a player's time runs out and the opponent cannot mate", async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 0 });
      moves(game, ...capturesUntil((score) => score.turn() === 'b' && /^[^A-JL-Z]*$/.test(score.fen().split(' ', 1)[0])));
      expect(game.state.turn).toBe('b');
      game.advance(60_000);
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'time', winner: null });
    });

    it('stops its clocks at its end', async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 0 });
      game.advance(10_000);
      game.as(1).resign();
      expect(game.state.clocks).toEqual({ white: 50_000, black: 60_000, runningSince: null });
    });
  });

  describe('that begins in a given position', () => {
    it('starts the clock of the side to move in that position', async () => {
      const game = await play({ mainMs: 60_000, incrementMs: 0 }, { fen: '8/8/8/8/8/6k1/1r6/6K1 b - - 0 50' });
      expect(game.state).toMatchObject({ startFen: '8/8/8/8/8/6k1/1r6/6K1 b - - 0 50', turn: 'b', moves: [] });
      expect(game.command(0, 'move', { san: 'Kf1' })).toBe('not-your-turn');
      game.advance(10_000);
      moves(game, 'Rb1#');
      expect(game.state.clocks).toEqual({ white: 60_000, black: 50_000, runningSince: null });
      expect(game.ended?.result).toEqual({ result: '0-1', by: 'checkmate', winner: 1 });
    });

    it('continues the halfmove count of the position for the fifty-move rule', async () => {
      const game = await play({}, { fen: '8/8/8/4k3/8/8/8/R3K3 w - - 148 120' });
      moves(game, 'Ra2', 'Kd5');
      expect(game.ended?.result).toEqual({ result: '1/2-1/2', by: 'fifty-moves', winner: null });
    });

    it('has no `startFen` in its state when the given position is the standard position', async () => {
      const game = await play({}, { fen: STANDARD_POSITION });
      expect(game.state).toEqual((await play()).state);
    });

    it.each([
      [{ fen: '7k/6Q1/6K1/8/8/8/8/8 b - - 0 1' }, 'fen: the position is checkmate already'],
      [{ fen: 'bqnrnkrb/pppppppp/8/8/8/8/PPPPPPPP/BQNRNKRB w KQkq - 0 1' }, 'not Chess960'],
      [{ fen: 'x'.repeat(200) }, 'fen: Too big'],
      [{ fen: 7 }, 'fen: Invalid input'],
      [{ position: STANDARD_POSITION }, 'fen: Invalid input'],
      [{ fen: STANDARD_POSITION, clock: 5 }, 'Unrecognized key: "clock"'],
    ])('refuses the options %j', async (options, flaw) => {
      await expect(play({}, options)).rejects.toThrow(flaw);
    });
  });

  describe('from the London tournament of 1851', () => {
    it.each(londonGames())('ends in the recorded position: $title', async ({ sans, finalFen }) => {
      const game = await play();
      moves(game, ...sans);
      expect(game.state.fen).toBe(finalFen);
      expect(game.state.moves).toEqual(sans);
    });
  });
});

/** Returns `count` moves without captures or pawn moves, and without a third repetition. */
function wander(count: number): string[] {
  const score = new Score();
  const seen = new Map<string, number>([[repetitionKey(score.fen()), 1]]);
  for (let move = 0; move < count; move++) {
    const quiet = score.moves({ verbose: true }).filter(({ piece, captured, san }) => piece !== 'p' && !captured && !san.includes('+'));
    const fresh = quiet.find(({ after }) => (seen.get(repetitionKey(after)) ?? 0) < 2);
    if (!fresh) throw new Error(`no further move after ${move} moves`);
    seen.set(repetitionKey(fresh.after), (seen.get(repetitionKey(fresh.after)) ?? 0) + 1);
    score.move(fresh);
  }
  return score.history();
}

/** Returns the moves of a game with random captures that leads to the wanted position. */
function capturesUntil(found: (score: Score) => boolean): string[] {
  for (let seed = 1; seed < 200; seed++) {
    const score = new Score();
    let chance = seed;
    while (!score.isGameOver() && score.history().length < 300) {
      const all = score.moves({ verbose: true });
      const captures = all.filter(({ captured }) => captured);
      chance = (chance * 48_271) % 2_147_483_647;
      const choice = captures.length > 0 ? captures : all;
      score.move(choice[chance % choice.length]);
      if (found(score)) return score.history();
    }
  }
  throw new Error('no game with that position found');
}

function londonGames(): { title: string; sans: string[]; finalFen: string }[] {
  const file = readFileSync(join(__dirname, 'fixtures', 'london-1851.pgn'), 'utf8');
  return file.split(/\n(?=\[Event )/).map((pgn) => {
    const score = new Score();
    score.loadPgn(pgn);
    const { White, Black, FinalFen } = score.getHeaders();
    return { title: `${White} against ${Black}`, sans: score.history(), finalFen: FinalFen };
  });
}
