import { GameLedger } from './ledger.js';
import { Tally } from './tally.js';
import { isDecided } from './tic-tac-toe.js';

const _ = null;

function ledgerOf(places: readonly [seat: number, cell: number][], cells: readonly (number | null)[], moves: number): GameLedger {
  const ledger = new GameLedger();
  for (const [seat, cell] of places) {
    ledger.wasAcknowledged({ seat, cell });
    for (const player of ['ada', 'bob']) ledger.wasTold(player, { seat, cell });
  }
  ledger.wasSeen({ version: places.length, cells, moves });
  return ledger;
}

describe("the ledger of a game's moves", () => {
  it('agrees with the board of a correct game', () => {
    expect(
      ledgerOf(
        [
          [0, 4],
          [1, 0],
        ],
        [1, _, _, _, 0, _, _, _, _],
        2,
      ).verdict(),
    ).toEqual({ lost: 0, doubled: 0 });
  });

  it('reports an acknowledged move that is missing on the board or belongs to the other seat', () => {
    expect(
      ledgerOf(
        [
          [0, 4],
          [1, 0],
        ],
        [_, _, _, _, 0, _, _, _, _],
        1,
      ).verdict().lost,
    ).toBe(1);
    expect(ledgerOf([[0, 4]], [_, _, _, _, 1, _, _, _, _], 1).verdict().lost).toBe(1);
  });

  it('reports a move that the game counted twice or a player received twice', () => {
    expect(ledgerOf([[0, 4]], [_, _, _, _, 0, _, _, _, _], 2).verdict().doubled).toBe(1);
    const told = ledgerOf([[0, 4]], [_, _, _, _, 0, _, _, _, _], 1);
    told.wasTold('bob', { seat: 0, cell: 4 });
    expect(told.verdict().doubled).toBe(1);
  });

  it('accepts a move that was never acknowledged', () => {
    expect(ledgerOf([[0, 4]], [_, 1, _, _, 0, _, _, _, _], 2).verdict()).toEqual({ lost: 0, doubled: 0 });
  });

  it('ignores an older board that arrives after a newer board', () => {
    const ledger = ledgerOf([[0, 4]], [_, _, _, _, 0, _, _, _, _], 1);
    ledger.wasSeen({ version: 0, cells: Array(9).fill(null), moves: 0 });
    expect(ledger.verdict()).toEqual({ lost: 0, doubled: 0 });
  });
});

describe('the tally of a run of simulated players', () => {
  it('returns percentiles of the answer times', () => {
    const tally = new Tally();
    for (let ms = 100; ms >= 1; ms--) tally.acknowledged(ms);
    expect([tally.latencyMs(0.5), tally.latencyMs(0.99), tally.latencyMs(1)]).toEqual([50, 99, 100]);
  });

  it('returns correct percentiles when the run has more answers than the tally stores', () => {
    const tally = new Tally();
    tally.acknowledged(5_000);
    for (let answer = 0; answer < 200_000; answer++) tally.acknowledged(answer % 100);
    expect(tally.moves).toBe(200_001);
    expect(tally.latencyMs(1)).toBe(5_000);
    expect(Math.abs(tally.latencyMs(0.5) - 50)).toBeLessThan(5);
  });

  it('includes a pause that has not ended in the longest pause', () => {
    const tally = new Tally();
    let now = 0;
    const goesOn = tally.pauseBegan(() => now);
    now = 70;
    goesOn();
    now = 1_000;
    tally.pauseBegan(() => now);
    now = 1_050;
    expect(tally.longestPauseMs).toBe(70);
    now = 1_500;
    expect([tally.longestPauseMs, tally.pauses]).toEqual([500, 2]);
  });

  it('reports a run with a fault as failed, but accepts a run with a refused move', () => {
    const tally = new Tally();
    tally.refused('not-your-turn');
    expect(tally.isRight).toBe(true);
    tally.fault('a game ended as orphaned');
    expect(tally.isRight).toBe(false);
  });
});

describe('a board of tic-tac-toe', () => {
  it('allows no more moves when the board is full or has a line', () => {
    expect(isDecided(Array<null>(9).fill(null))).toBe(false);
    expect(isDecided([0, 0, 0, 1, 1, _, _, _, _])).toBe(true);
    expect(isDecided([0, 1, 0, 0, 1, 1, 1, 0, 0])).toBe(true);
  });
});
