import { matchRules, rulesOfMode } from '#libs/protocol';
import { checkedMatchRules } from './match-options.js';

describe('checkedMatchRules', () => {
  const seats = { min: 2, max: 10 };

  it('returns nothing for a game without match options', () => {
    expect(checkedMatchRules(undefined, seats, false)).toBeUndefined();
  });

  it('completes the rules with defaults', () => {
    expect(checkedMatchRules({}, seats, false)).toEqual({
      seats,
      latency: { from: 80, to: 250, overMs: 30_000 },
      fillMs: 5_000,
      maxWaitMs: 60_000,
      expireMs: 600_000,
      backfill: { running: true, waiting: false },
    });
  });

  it('gives a game with ratings a window of ratings', () => {
    expect(checkedMatchRules({ rating: true }, seats, false)).toMatchObject({ rating: true, skill: { from: 100, to: 600 } });
    expect(checkedMatchRules({ rating: true, skill: { overMs: 5 } }, seats, false)?.skill).toEqual({ from: 100, to: 600, overMs: 5 });
  });

  it('computes the players from the teams', () => {
    expect(checkedMatchRules({ teams: { count: 2, size: { min: 3, max: 5 } } }, seats, false)).toMatchObject({
      seats: { min: 6, max: 10 },
      teams: { count: 2, size: { min: 3, max: 5 } },
    });
  });

  it('gives each mode the rules of the game, except those that it replaces', () => {
    const rules = checkedMatchRules(
      {
        rating: true,
        fillMs: 7,
        teams: { count: 2, size: 5 },
        modes: { duel: { players: 2 }, trio: { teams: { count: 3, size: 3 }, fillMs: 0, options: { map: 'hill' } }, same: {} },
      },
      seats,
      true,
    )!;
    expect(rules.modes?.duel).toEqual(matchRules({ min: 2, max: 2 }, { rating: true, fillMs: 7 }));
    expect(rules.modes?.trio).toMatchObject({ seats: { min: 9, max: 9 }, fillMs: 0, options: { map: 'hill' } });
    expect(rules.modes?.same).toMatchObject({ seats: { min: 10, max: 10 }, teams: { count: 2, size: { min: 5, max: 5 } } });
    expect(rulesOfMode(rules, undefined)).toBe(rules);
    expect(rulesOfMode(rules, 'duel')).toBe(rules.modes?.duel);
    expect(rulesOfMode(rules, 'constructor')).toBeUndefined();
  });
});
