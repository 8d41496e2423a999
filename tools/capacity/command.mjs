import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { capacityFor } from './capacity.mjs';

const OPTIONS = /** @type {const} */ ({
  players: { type: 'string' },
  game: { type: 'string' },
  'per-room': { type: 'string' },
  commands: { type: 'string' },
  minutes: { type: 'string' },
  load: { type: 'string' },
  json: { type: 'boolean' },
});

/** @param {string[]} argv */
export function main(argv) {
  const { demand, json } = readDemand(argv);
  const measured = JSON.parse(readFileSync(join(ROOT, 'bench/baseline.json'), 'utf8')).sections;
  const capacity = capacityFor(demand, measured);
  console.log(json ? JSON.stringify({ demand, ...capacity }) : textOf(demand, capacity));
}

/**
 * @param {string[]} argv @returns {{ demand: import('./capacity.mjs').Demand, json: boolean }}
 * @throws PlainError that names the wrong option and the allowed values
 */
export function readDemand(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: OPTIONS }));
  } catch (error) {
    throw new PlainError(`${/** @type {Error} */ (error).message.split('. ')[0]}. npm run capacity -- --help lists all options.`);
  }
  const { game = 'turn-based', json = false } = values;
  if (game !== 'turn-based' && game !== 'real-time')
    throw new PlainError(`--game is ${JSON.stringify(game)}: it must be turn-based or real-time.`);
  /** @param {'players' | 'per-room' | 'commands' | 'minutes' | 'load'} name @param {number} fallback @param {number} from @param {number} to */
  const number = (name, fallback, from, to) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!(value >= from && value <= to))
      throw new PlainError(`--${name} is ${JSON.stringify(values[name])}: it must be a number from ${from} to ${to}.`);
    return value;
  };
  const demand = {
    players: number('players', 1_000, 1, 10_000_000),
    perRoom: number('per-room', game === 'real-time' ? 16 : 2, 1, 10_000),
    game: /** @type {import('./capacity.mjs').Demand['game']} */ (game),
    commandsPerSecond: number('commands', 0.2, 0, 1_000),
    minutes: number('minutes', 10, 0.1, 100_000),
    loadPercent: number('load', 50, 1, 100),
  };
  return { demand, json };
}

/** @param {import('./capacity.mjs').Demand} demand @param {import('./capacity.mjs').Capacity} capacity */
function textOf({ players, game, loadPercent }, { rooms, bitsPerSecond, sources, ...needs }) {
  const rows = Object.entries(needs).map(
    ([name, { processes, cores, megabytes }]) =>
      `  ${name.padEnd(10)}${String(processes).padStart(9)}${cores.toFixed(2).padStart(9)}${`${megabytes.toFixed(0)} MB`.padStart(13)}`,
  );
  const megabits = (/** @type {number} */ bits) => `${(bits / 1e6).toFixed(1)} Mbit/s`;
  const { toPlayers = 0, fromPlayers = 0 } = bitsPerSecond ?? {};
  const traffic = bitsPerSecond
    ? `Traffic: ${megabits(toPlayers)} to players, ${megabits(fromPlayers)} from them.`
    : 'Traffic: it depends on the states of the game; measure it.';
  return [
    `${players} players in ${rooms} rooms (${game}), at most ${loadPercent} % of a core for each process:`,
    '',
    `  ${''.padEnd(10)}processes    cores       memory`,
    ...rows,
    '',
    traffic,
    'One process more than the load needs is included, for the loss of one. Memory is that of players, without that of the process itself.',
    '',
    'Figures:',
    ...sources.map(({ section, what, value, unit }) => `  ${Number(value.toPrecision(3))} ${unit}  ${what} (bench/results/${section}.md)`),
  ].join('\n');
}
