import { matchRules, rulesOfMode } from '#libs/protocol';
import type { GameRoom } from '#libs/room';
import { Game } from './game.decorator.js';
import type { GameRules } from './game-rules.js';
import { GameTest } from './game-test.js';
import { Command } from './handler.decorators.js';
import { checkedMatchRules } from './match-options.js';

describe('checkedMatchRules', () => {
  const seats = { min: 2, max: 10 };

  it('returns undefined for a game without match options', () => {
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

  it('adds a rating window to a game with ratings', () => {
    expect(checkedMatchRules({ rating: true }, seats, false)).toMatchObject({ rating: true, skill: { from: 100, to: 600 } });
    expect(checkedMatchRules({ rating: true, skill: { overMs: 5 } }, seats, false)?.skill).toEqual({ from: 100, to: 600, overMs: 5 });
  });

  it('computes the number of players from the number and the size of the teams', () => {
    expect(checkedMatchRules({ teams: { count: 2, size: { min: 3, max: 5 } } }, seats, false)).toMatchObject({
      seats: { min: 6, max: 10 },
      teams: { count: 2, size: { min: 3, max: 5 } },
    });
  });

  it('gives each mode the rules of the game, except for rules that the mode replaces', () => {
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

describe('the end of a game', () => {
  const rulesOf = (rating: boolean | 'per-mode') => {
    @Game({ name: 'race', version: 1, seats: 2, match: { rating, modes: { duel: {} } } })
    class Race implements GameRules<object> {
      setup(): object {
        return {};
      }

      @Command()
      win(room: GameRoom<object>): void {
        room.end({ ranking: [[room.seat], [1 - room.seat]] });
      }
    }
    return Race;
  };

  it('requests an update of the ratings only in a game with ratings', async () => {
    const rated = await GameTest.create(rulesOf(true), { players: ['Ada', 'Bob'] });
    rated.command(1, 'win');
    expect(rated.effects).toMatchObject([{ name: '$rating', data: { game: 'race', teams: [{ place: 0 }, { place: 1 }] } }]);
    const other = await GameTest.create(rulesOf(false), { players: ['Ada', 'Bob'] });
    other.command(1, 'win');
    expect(other.effects).toEqual([]);
  });

  it.each([
    ['per-mode', 'duel', 'duel'],
    ['per-mode', undefined, undefined],
    [true, 'duel', undefined],
  ] as const)('with the option `rating` %j in a match of mode %j, updates the ratings of mode %j', async (rating, mode, named) => {
    const game = await GameTest.create(rulesOf(rating), { players: ['Ada', 'Bob'], ...(mode && { mode }) });
    game.command(1, 'win');
    expect(game.effects.map(({ data }) => (data as { mode?: string }).mode)).toEqual([named]);
  });
});
