/**
 * A number that describes the demand: an option of the command, and a field of the calculator on the site.
 *
 * @typedef {object} Field
 * @property {'players' | 'perRoom' | 'commandsPerSecond' | 'stepsPerSecond' | 'bytesPerSync' | 'minutes' | 'loadPercent'} name
 * @property {string} option
 * @property {string} label
 * @property {number} from
 * @property {number} to
 * @property {Readonly<Record<import('./capacity.mjs').Demand['game'], number>>} byDefault
 * @property {import('./capacity.mjs').Demand['game']} [only] the only kind of game with this number
 */

/** @param {number} value */
const both = (value) => ({ 'turn-based': value, 'real-time': value });

/** @type {readonly Field[]} */
export const FIELDS = [
  { name: 'players', option: 'players', label: 'Connected players', from: 1, to: 10_000_000, byDefault: both(1_000) },
  { name: 'perRoom', option: 'per-room', label: 'Players in a room', from: 1, to: 10_000, byDefault: { 'turn-based': 2, 'real-time': 16 } },
  {
    name: 'commandsPerSecond',
    option: 'commands',
    label: 'Commands of a player per second',
    from: 0,
    to: 1_000,
    byDefault: both(0.2),
    only: 'turn-based',
  },
  { name: 'stepsPerSecond', option: 'steps', label: 'Steps per second', from: 1, to: 60, byDefault: both(20), only: 'real-time' },
  { name: 'bytesPerSync', option: 'bytes', label: 'Bytes to a player per step or command', from: 1, to: 100_000, byDefault: both(80) },
  { name: 'minutes', option: 'minutes', label: 'Minutes of a game', from: 0.1, to: 100_000, byDefault: both(10) },
  { name: 'loadPercent', option: 'load', label: 'Load of a process, % of a core', from: 1, to: 100, byDefault: both(50) },
];

export const GAMES = /** @type {const} */ (['turn-based', 'real-time']);

/** The durabilities that were measured for each kind of game, the default first. */
export const DURABILITIES = /** @type {const} @satisfies {Record<string, readonly import('./capacity.mjs').Durability[]>} */ ({
  'turn-based': ['every-change', 'none'],
  'real-time': ['checkpoint', 'every-change', 'none'],
});

/**
 * Pure: returns what is wrong with the value of a field. Null: nothing.
 *
 * @param {Pick<Field, 'from' | 'to'>} field @param {string | number} value
 */
export function problemOf({ from, to }, value) {
  const isNumber = String(value).trim() !== '' && Number(value) >= from && Number(value) <= to;
  return isNumber ? null : `it must be a number from ${from} to ${to}.`;
}
