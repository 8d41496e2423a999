import { type MatchOptions, type MatchRules, type MatchWindow, type ModeMatchOptions, matchRules } from '#libs/protocol';
import { quoted } from '#libs/room';

/**
 * Returns the complete match rules of a game. Undefined: the game has no match rules. Throws an error that names the wrong field of `match`
 * and the allowed values.
 *
 * @param hasOptions whether rooms of the game have options
 */
export function checkedMatchRules(match: MatchOptions | undefined, seats: Range, hasOptions: boolean): MatchRules | undefined {
  if (match === undefined) return undefined;
  demandFields('match', match, GAME_FIELDS);
  demandRating(match);
  demandMode('match', match, seats, hasOptions);
  if (match.modes !== undefined) {
    demandObject('match.modes', match.modes);
    const modes = Object.entries(match.modes);
    demand(modes.length > 0 && modes.length <= MODES_MAX, `has ${modes.length} match.modes; give 1 to ${MODES_MAX}, or none`);
    for (const [name, mode] of modes) {
      demand(MODE_NAME.test(name), `has the mode ${quoted(name)}; give up to 32 lower-case letters, digits and dashes`);
      demandFields(`match.modes.${name}`, mode, MODE_FIELDS);
      demandMode(`match.modes.${name}`, mode, seats, hasOptions);
    }
  }
  return matchRules(seats, match);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** Maximum number of modes of a game. More modes would divide the players into queues that are too small. */
const MODES_MAX = 32;
/** Maximum of each duration in `match`, in ms: a day. A larger number is probably a mistake in the unit. */
const MS_MAX = 86_400_000;
const MODE_NAME = /^(?=.{1,32}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const TIMES = ['fillMs', 'maxWaitMs', 'expireMs', 'acceptMs', 'botsAfterMs'] as const;
const MODE_FIELDS = ['players', 'teams', 'skill', 'latency', ...TIMES, 'backfill', 'options'] as const satisfies (keyof ModeMatchOptions)[];
const GAME_FIELDS = [...MODE_FIELDS, 'rating', 'modes'] as const satisfies (keyof MatchOptions)[];

function demandMode(path: string, mode: ModeMatchOptions, seats: Range, hasOptions: boolean): void {
  const { players, teams, skill, latency, backfill, options } = mode;
  demand(players === undefined || teams === undefined, `has ${path}.players and ${path}.teams; give one of them`);
  if (players !== undefined) demandPlayers(`${path}.players`, players, 1, seats);
  if (teams !== undefined) {
    demandFields(`${path}.teams`, teams, ['count', 'size']);
    const { count } = teams;
    demand(Number.isInteger(count) && count >= 2, `has ${path}.teams.count ${quoted(count)}; give a whole number from 2`);
    demandPlayers(`${path}.teams.size`, teams.size, count, seats);
  }
  if (skill !== undefined) demandWindow(`${path}.skill`, skill, 'points');
  if (latency !== undefined) demandWindow(`${path}.latency`, latency, 'ms');
  for (const name of TIMES)
    if (mode[name] !== undefined) demandTime(`${path}.${name}`, mode[name], name === 'fillMs' || name === 'maxWaitMs');
  if (backfill !== undefined) {
    demandFields(`${path}.backfill`, backfill, ['running', 'waiting']);
    demandBoolean(`${path}.backfill.running`, backfill.running);
    demandBoolean(`${path}.backfill.waiting`, backfill.waiting);
  }
  if (options !== undefined) {
    demandObject(`${path}.options`, options);
    demand(hasOptions, `has ${path}.options, but no schema for them; give @Game({ options: … })`);
  }
}

function demandRating({ rating, modes }: MatchOptions): void {
  demand(
    rating === undefined || typeof rating === 'boolean' || rating === 'per-mode',
    `has match.rating ${quoted(rating)}; give true, false or 'per-mode'`,
  );
  demand(
    rating !== 'per-mode' || modes !== undefined,
    "has match.rating 'per-mode' and no match.modes; give the modes, or the rating true",
  );
}

/**
 * Checks that the game has enough seats for `count` teams of this size. `count` 1: the size is the number of players of the whole match.
 */
function demandPlayers(path: string, value: unknown, count: number, seats: Range): void {
  const range = typeof value === 'object' && value !== null ? (value as Range) : { min: value, max: value };
  if (typeof value === 'object') demandFields(path, value, ['min', 'max']);
  const { min, max } = range as Range;
  const allowed = count === 1 ? '' : `, times ${count} teams`;
  demand(
    Number.isInteger(min) && Number.isInteger(max) && min >= 1 && min <= max,
    `has ${path} ${min === max ? quoted(min) : `from ${quoted(min)} to ${quoted(max)}`}; give a whole number, or { min, max } with two of them`,
  );
  demand(
    min * count >= seats.min && max * count <= seats.max,
    `has ${path} ${min === max ? min : `from ${min} to ${max}`}${allowed}; the game has ${seats.min} to ${seats.max} seats`,
  );
}

function demandWindow(path: string, window: Partial<MatchWindow>, unit: string): void {
  demandFields(path, window, ['from', 'to', 'overMs']);
  const { from, to, overMs } = window;
  for (const [name, value] of [['from', from] as const, ['to', to] as const])
    demand(value === undefined || isAmount(value), `has ${path}.${name} ${quoted(value)}; give a number of ${unit} from 0`);
  demand(
    from === undefined || to === undefined || from <= to,
    `has ${path} from ${from} to ${to}; give a limit that widens, with from at most to`,
  );
  demand((from === undefined) === (to === undefined), `has ${path} with only one of from and to; give both`);
  if (overMs !== undefined) demandTime(`${path}.overMs`, overMs, true);
}

function demandTime(path: string, ms: unknown, mayBeZero: boolean): void {
  const isTime = isAmount(ms) && ms <= MS_MAX && (mayBeZero || ms > 0);
  demand(isTime, `has ${path} ${quoted(ms)}; give a time in ms ${mayBeZero ? 'from 0' : 'above 0'} to ${MS_MAX}`);
}

function demandFields(path: string, value: unknown, known: readonly string[]): void {
  demandObject(path, value);
  const strange = Object.keys(value).find((name) => !known.includes(name));
  demand(strange === undefined, `has ${path}.${strange}, which does not exist; give one of ${known.join(', ')}`);
}

function demandObject(path: string, value: unknown): asserts value is object {
  demand(typeof value === 'object' && value !== null && !Array.isArray(value), `has ${path} ${quoted(value)}; give an object`);
}

function demandBoolean(path: string, value: unknown): void {
  demand(value === undefined || typeof value === 'boolean', `has ${path} ${quoted(value)}; give true or false`);
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function demand(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}
