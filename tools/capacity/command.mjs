import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../process/paths.mjs';
import { UsageError } from '../process/plain-error.mjs';
import { capacityFor } from './capacity.mjs';
import { DURABILITIES, FIELDS, GAMES, problemOf } from './demand.mjs';

const OPTIONS = /** @type {const} */ ({
  players: { type: 'string' },
  game: { type: 'string' },
  'per-room': { type: 'string' },
  durability: { type: 'string' },
  commands: { type: 'string' },
  steps: { type: 'string' },
  bytes: { type: 'string' },
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
 * @throws UsageError that names the wrong option and the allowed values
 */
export function readDemand(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: OPTIONS }));
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message.split('. ')[0]}. npm run capacity -- --help lists all options.`);
  }
  const { json = false } = values;
  const game = oneOf('game', values.game ?? 'turn-based', GAMES);
  const durability = oneOf('durability', values.durability ?? DURABILITIES[game][0], DURABILITIES[game], ` for a ${game} game`);
  const numbers = FIELDS.map((field) => {
    const value = values[/** @type {keyof typeof values} */ (field.option)] ?? field.byDefault[game];
    const problem = problemOf(field, /** @type {string | number} */ (value));
    if (problem) throw new UsageError(`--${field.option} is ${JSON.stringify(value)}: ${problem}`);
    return [field.name, Number(value)];
  });
  const demand = /** @type {import('./capacity.mjs').Demand} */ ({ ...Object.fromEntries(numbers), game, durability });
  return { demand, json };
}

/**
 * @template {string} Value
 * @param {string} option @param {string} given @param {readonly Value[]} allowed @param {string} [where] @returns {Value}
 */
function oneOf(option, given, allowed, where = '') {
  const found = allowed.find((value) => value === given);
  if (found) return found;
  const list = allowed.length > 2 ? `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}` : allowed.join(' or ');
  throw new UsageError(`--${option} is ${JSON.stringify(given)}: it must be ${list}${where}.`);
}

/** @param {import('./capacity.mjs').Demand} demand @param {import('./capacity.mjs').Capacity} capacity */
function textOf({ players, game, durability, loadPercent }, { rooms, bitsPerSecond, sources, ...needs }) {
  const rows = Object.entries(needs).map(
    ([name, { processes, cores, megabytes }]) =>
      `  ${name.padEnd(10)}${String(processes).padStart(9)}${cores.toFixed(2).padStart(9)}${`${megabytes.toFixed(0)} MB`.padStart(13)}`,
  );
  const megabits = (/** @type {number} */ bits) => `${(bits / 1e6).toFixed(1)} Mbit/s`;
  const { toPlayers, fromPlayers } = bitsPerSecond;
  const traffic = `Traffic: ${megabits(toPlayers)} to players${fromPlayers === null ? '' : `, ${megabits(fromPlayers)} from them`}.`;
  return [
    `${players} players in ${rooms} rooms (${game}, ${durability}), at most ${loadPercent} % of a core for each process:`,
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
