import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../process/paths.mjs';
import { capacityFor, type Demand, type Measured, median } from './capacity.mjs';
import { readDemand } from './command.mjs';
import { DURABILITIES, GAMES } from './demand.mjs';

const BASELINE = JSON.parse(readFileSync(join(ROOT, 'bench/baseline.json'), 'utf8')).sections as Measured;
const DEMAND: Demand = {
  players: 10_000,
  perRoom: 2,
  game: 'turn-based',
  durability: 'every-change',
  commandsPerSecond: 0.2,
  stepsPerSecond: 20,
  bytesPerSync: 80,
  minutes: 10,
  loadPercent: 50,
};
const REAL_TIME = { ...DEMAND, game: 'real-time', durability: 'checkpoint', perRoom: 16 } as const satisfies Demand;
/** Returns benchmark results in which all figures have the same value. */
const even = (value: number): Measured =>
  Object.fromEntries(
    Object.entries(BASELINE).map(([name, { figures }]) => [name, { figures: figures.map((one) => ({ ...one, values: [value] })) }]),
  );

describe('the capacity calculator', () => {
  it.each(GAMES.flatMap((game) => DURABILITIES[game].map((durability) => [game, durability] as const)))(
    'takes every figure of a %s game with the durability %s from the recorded benchmarks',
    (game, durability) => {
      const { sources } = capacityFor({ ...DEMAND, game, durability }, BASELINE);
      expect(sources.length).toBeGreaterThan(10);
      for (const { section, what, value } of sources) {
        const recorded = BASELINE[section]?.figures.find((one) => one.what === what);
        expect([section, what, value]).toEqual([section, what, median(recorded?.values ?? [])]);
        expect(readFileSync(join(ROOT, `bench/results/${section}.md`), 'utf8')).toContain(what);
      }
    },
  );

  it('computes CPU and memory from the players, their commands and the starts of games', () => {
    // The commands of 10,000 players need 0.02 cores: 10,000 × 0.2 commands a second × 10 s of CPU per million commands. The starts of
    // games need 0.167 cores: 5,000 rooms × 2 (peak) / 600 s × 10 ms. The players need 100 MB: 10,000 × 10 KB.
    const { rooms, gateways, games, redis } = capacityFor(DEMAND, even(10));
    expect(rooms).toBe(5_000);
    expect(gateways.cores).toBeCloseTo(0.02 + 1 / 6, 3);
    expect(games.cores).toBeCloseTo(0.02 + 2 / 6, 3);
    expect(gateways.megabytes).toBeCloseTo(100, 5);
    expect([gateways.processes, games.processes, redis.processes]).toEqual([2, 2, 1]);
  });

  it('computes more processes for a lower load per process, and adds one process for the loss of a server', () => {
    const of = (players: number, loadPercent = 50): number => capacityFor({ ...DEMAND, players, loadPercent }, even(10)).gateways.processes;
    expect(of(100_000)).toBe(Math.ceil((0.2 + 10 / 6) / 0.5) + 1);
    expect(of(100_000, 25)).toBe(Math.ceil((0.2 + 10 / 6) / 0.25) + 1);
  });

  it('computes the traffic of a real-time game in both directions, and that of a turn-based game only to the players', () => {
    // The expected bits per second. Real-time game, to the players: 10,000 players × 20 steps × 80 bytes × 8. From the players: 10,000 × 10
    // bytes a second × 8. Turn-based game, to the players: 10,000 × 0.2 commands × 2 players × 80 bytes × 8.
    expect(capacityFor(REAL_TIME, even(10)).bitsPerSecond).toEqual({ toPlayers: 128_000_000, fromPlayers: 800_000 });
    const { toPlayers, fromPlayers } = capacityFor(DEMAND, even(10)).bitsPerSecond;
    expect([Math.round(toPlayers), fromPlayers]).toEqual([2_560_000, null]);
  });

  it('computes more CPU for more steps, for more bytes and for a stricter durability', () => {
    const coresOf = (change: Partial<Demand>): number[] => {
      const { gateways, games, redis } = capacityFor({ ...REAL_TIME, ...change }, BASELINE);
      return [gateways.cores, games.cores, redis.cores];
    };
    const usual = coresOf({});
    const starts = capacityFor({ ...DEMAND, perRoom: 16, commandsPerSecond: 0 }, BASELINE);
    const atDouble = coresOf({ stepsPerSecond: 40 });
    for (const [index, { cores }] of [starts.gateways, starts.games, starts.redis].entries())
      expect(atDouble[index] - cores).toBeCloseTo(2 * (usual[index] - cores), 6);
    const large = coresOf({ bytesPerSync: 800 });
    expect([large[0] > usual[0], large[1] > usual[1], large[2]]).toEqual([true, true, usual[2]]);
    const [, , stored] = coresOf({ durability: 'every-change' });
    const [, , fleeting] = coresOf({ durability: 'none' });
    expect(stored > 2 * usual[2] && usual[2] > fleeting).toBe(true);
  });

  it('computes less CPU for a turn-based game of durability `none` than for other turn-based games', () => {
    const [stored, fleeting] = [DEMAND, { ...DEMAND, durability: 'none' } as const].map((demand) => capacityFor(demand, BASELINE));
    expect(fleeting.redis.cores).toBeLessThan(stored.redis.cores);
    expect(fleeting.games.cores).toBeLessThan(stored.games.cores);
  });

  it('throws an error that names the missing figure when the benchmarks do not have every figure', () => {
    expect(() => capacityFor(DEMAND, { ...BASELINE, growth: { figures: [] } })).toThrow(
      /no figure "10000 rooms: CPU of gateway" in growth: run npm run bench/,
    );
  });

  it.each([
    [['--game', 'chess'], '--game is "chess": it must be turn-based or real-time.'],
    [['--players', 'many'], '--players is "many": it must be a number from 1 to 10000000.'],
    [['--durability', 'checkpoint'], '--durability is "checkpoint": it must be every-change or none for a turn-based game.'],
    [['--steps', ''], '--steps is "": it must be a number from 1 to 60.'],
    [['--load', '0'], '--load is "0": it must be a number from 1 to 100.'],
    [['--playerz', '1'], "Unknown option '--playerz'. npm run capacity -- --help lists all options."],
  ])('refuses %j', (argv, message) => {
    expect(() => readDemand(argv)).toThrow(message);
  });

  it('prints the example of docs/capacity.md', () => {
    const page = readFileSync(join(ROOT, 'docs/capacity.md'), 'utf8');
    const [, options = '', output = ''] = /npm run -s capacity -- (.*)\n```\n\n```text\n([\s\S]*?)\n```/.exec(page) ?? [];
    const printed = execFileSync(process.execPath, [join(ROOT, 'tools/capacity/run.mjs'), ...options.split(' ')], { encoding: 'utf8' });
    expect(printed.trimEnd()).toBe(output);
  });
});
