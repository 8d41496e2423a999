import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../process/paths.mjs';
import { capacityFor, type Demand, type Measured, median } from './capacity.mjs';
import { readDemand } from './command.mjs';

const BASELINE = JSON.parse(readFileSync(join(ROOT, 'bench/baseline.json'), 'utf8')).sections as Measured;
const DEMAND: Demand = { players: 10_000, perRoom: 2, game: 'turn-based', commandsPerSecond: 0.2, minutes: 10, loadPercent: 50 };
/** Returns benchmark results in which all figures have the same value. */
const even = (value: number): Measured =>
  Object.fromEntries(
    Object.entries(BASELINE).map(([name, { figures }]) => [name, { figures: figures.map((one) => ({ ...one, values: [value] })) }]),
  );

describe('the capacity calculator', () => {
  it.each(['turn-based', 'real-time'] as const)('takes every figure of a %s game from the recorded benchmarks', (game) => {
    const { sources } = capacityFor({ ...DEMAND, game }, BASELINE);
    expect(sources.length).toBeGreaterThan(10);
    for (const { section, what, value } of sources) {
      const recorded = BASELINE[section]?.figures.find((one) => one.what === what);
      expect([section, what, value]).toEqual([section, what, median(recorded?.values ?? [])]);
      expect(readFileSync(join(ROOT, `bench/results/${section}.md`), 'utf8')).toContain(what);
    }
  });

  it('computes CPU and memory from the players, their commands and the starts of games', () => {
    // 10,000 players × 0.2 commands a second × 10 s of CPU per million commands = 0.02 cores; 5,000 rooms × 2 / 600 s × 10 ms = 0.167
    // cores; 10,000 × 10 KB = 100 MB.
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

  it('gives the traffic of a real-time game in both directions', () => {
    const { bitsPerSecond } = capacityFor({ ...DEMAND, game: 'real-time', perRoom: 16 }, even(10));
    expect(bitsPerSecond).toEqual({ toPlayers: 800_000, fromPlayers: 800_000 });
  });

  it('names the figure that is missing in the benchmarks', () => {
    expect(() => capacityFor(DEMAND, { ...BASELINE, growth: { figures: [] } })).toThrow(
      /no figure "10000 rooms: CPU of gateway" in growth: run npm run bench/,
    );
  });

  it.each([
    [['--game', 'chess'], '--game is "chess": it must be turn-based or real-time.'],
    [['--players', 'many'], '--players is "many": it must be a number from 1 to 10000000.'],
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
