import type { ServerDirectory, ServerRecord } from '#libs/fleet';
import { matchRules } from '#libs/protocol';
import { GameCatalogue } from './game-catalogue.js';

const games = (...seats: [name: string, max: number][]) =>
  Object.fromEntries(seats.map(([name, max]) => [name, { seats: { min: 2, max } }]));

function catalogueOf(servers: { state: string; games: ReturnType<typeof games> }[]): GameCatalogue {
  return new GameCatalogue({ byType: () => servers as unknown as ServerRecord[] } as unknown as ServerDirectory);
}

describe('GameCatalogue', () => {
  it('lists each game of the ready and draining game servers once, sorted by name', () => {
    const catalogue = catalogueOf([
      { state: 'ready', games: games(['duel', 2]) },
      { state: 'starting', games: games(['soon', 2]) },
      { state: 'draining', games: games(['chess', 2], ['duel', 2]) },
      { state: 'dead', games: games(['past', 2]) },
    ]);
    expect(catalogue.all().map(({ name }) => name)).toEqual(['chess', 'duel']);
    for (const { name } of catalogue.all()) expect(catalogue.mustGet(name)).toMatchObject({ name });
    for (const name of ['soon', 'past']) expect(catalogue.get(name)).toBeUndefined();
  });

  it('returns equal data for a game from `all` and `get` when servers offer different numbers of seats', () => {
    const catalogue = catalogueOf([
      { state: 'ready', games: games(['duel', 2]) },
      { state: 'ready', games: games(['duel', 4]) },
    ]);
    expect(catalogue.all()).toEqual([catalogue.get('duel')]);
  });

  it('refuses an unknown game with `unknown-game`, and a formerly offered game with `no-capacity`', () => {
    const servers = [{ state: 'ready', games: games(['duel', 2]) }];
    const catalogue = catalogueOf(servers);
    for (const name of ['chess', 'constructor', 'toString'])
      expect(() => catalogue.mustGet(name)).toThrow(
        expect.objectContaining({ code: 'unknown-game', message: `No server here offers the game '${name}'. There are: 'duel'.` }),
      );
    catalogue.mustGet('duel');
    servers[0].games = games(['chess', 2]);
    expect(() => catalogue.mustGet('duel')).toThrow(expect.objectContaining({ code: 'no-capacity' }));
    servers.pop();
    expect(() => catalogue.mustGet('never')).toThrow(expect.objectContaining({ code: 'no-capacity' }));
  });

  it('returns the match rules of a game, or the default rules', () => {
    const rules = matchRules({ min: 2, max: 4 }, { fillMs: 1 });
    const catalogue = catalogueOf([
      { state: 'ready', games: { ...games(['duel', 2]), ranked: { seats: { min: 2, max: 4 }, match: rules } } as never },
    ]);
    expect(catalogue.matchRulesOf('ranked')).toEqual(rules);
    const atOnce = { fillMs: 0, expireMs: 9_000, backfill: { running: false, waiting: false } };
    expect(catalogue.matchRulesOf('duel', 9_000)).toEqual(matchRules({ min: 2, max: 2 }, atOnce));
    expect(catalogue.matchRulesOf('chess')).toBeUndefined();
  });
});
