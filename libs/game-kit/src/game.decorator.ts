import { Injectable } from '@nestjs/common';
import { type MatchOptions, TEAMS_MAX } from '#libs/protocol';
import { type DraftMode, type Durability, type GameDefinition, quoted } from '#libs/room';
import { RoundingTree, type StepsByPath } from '#libs/state-patch';
import type { GameRules, Settled } from './game-rules.js';
import { checkedMatchRules } from './match-options.js';
import { isStandardSchema, type StandardSchema } from './standard-schema.js';

/** The options of `@Game`. */
export interface GameOptions {
  /** The name of the game: lower-case words joined by dashes (`tic-tac-toe`). Keys, metrics and requests of players contain it. */
  readonly name: string;
  /** Version of the rules and of the state's shape, from 1. Increase it when older states need `migrateState`. */
  readonly version: number;
  /** Number of players: a whole number from 1 to 1000, or a range. */
  readonly seats: number | { readonly min: number; readonly max: number };
  /** The promise of the game about stored changes. Default: `every-change`, which stores each change before it is sent to players. */
  readonly durability?: Durability;
  /** Time between two saves of the state of a game with durability `checkpoint`, in ms. */
  readonly checkpointMs?: number;
  /**
   * Maximum number of syncs per second for each player, from 0 to 60. Changes between two syncs are sent together. Default: the rate of
   * `@OnStep`. In a game without steps, the default is 0: each change is sent immediately.
   */
  readonly syncHz?: number;
  /** Time for which the room keeps the seat of a player who is away, in ms. After this time, the player loses the seat. Default: 60000. */
  readonly seatGraceMs?: number;
  /**
   * The kind of draft that a handler writes to. `proxy`: a proxy of the state, which is fast when handlers change a small part of a large
   * state. `copy`: a copy of the whole state, which is fast when handlers change most of the state. `auto`: the room measures how much of
   * the state the handlers change, and chooses. Default: `auto` for games with `@OnStep`, else `proxy`.
   */
  readonly draft?: DraftMode;
  /**
   * Rounds each number that a handler changed to a multiple of this unit, such as 0.01. Clients then have the same numbers as the server,
   * and a change takes fewer bytes. An object defines a unit for each path of the state. A path consists of names joined by dots, and `*`
   * stands for any key or index. The unit of a path applies to all numbers below the path, unless a longer path matches. 0: numbers are not
   * rounded. Default: no rounding.
   * @example
   * quantize: { ships: 0.01, 'ships.*.angle': 0.001 }
   */
  readonly quantize?: number | StepsByPath;
  /**
   * The longest time for which `room.past` can go back, in ms: a whole number from 1 to 2000. The server keeps the states of this time in
   * memory. Default: the game has no `room.past`.
   */
  readonly pastMs?: number;
  /**
   * True: players may take free seats of a running game until the game calls `room.lock()`. A seat is free when nobody has taken it or its
   * player has left. Default: false.
   */
  readonly joinable?: boolean;
  /**
   * The schema of the options with which a player may create a room. `setup` gets the options as `room.options`. Default: rooms of this
   * game have no options.
   */
  readonly options?: StandardSchema;
  /**
   * The teams of a room that is created without `teams`: the number of teams, and the maximum number of players in each team. Default: no
   * teams.
   */
  readonly teams?: { readonly count: number; readonly size: number };
  /**
   * The rules by which matchmaking finds the players of a match: numbers of players and teams, ratings, windows, modes. See
   * `docs/matchmaking.md`. Default: a match has the minimum number of players of the game, and matchmaking takes the players in the order
   * of their arrival.
   */
  readonly match?: MatchOptions;
}

/**
 * Default of `checkpointMs`, in ms. A crash rewinds a `checkpoint` game by at most this time. Players of a fast game hardly notice such a
 * short rewind.
 */
export const CHECKPOINT_MS_DEFAULT = 1_000;
/**
 * Default of `seatGraceMs`, in ms. A player can reload the page or pass through a tunnel in this time, and the other players are willing to
 * wait.
 */
export const SEAT_GRACE_MS_DEFAULT = 60_000;
/** Maximum number of steps per second. A thousand rooms share one event loop, so a game with more steps would delay other games. */
export const STEP_HZ_MAX = 60;

/** Maximum of `pastMs`, in ms. A player whose connection has a longer delay could not aim at a moving target anyway. */
const PAST_MS_MAX = 2_000;

/** Maximum number of seats, also for `rooms.create`. Each checkpoint encodes all seats of the room and would be slow with more seats. */
export const SEATS_MAX = 1_000;

/**
 * Marks the class as a game. The class is a provider that the server finds at its start, and its decorated methods are the rules. The class
 * itself must not store state.
 */
export function Game(options: GameOptions): <Rules extends new (...args: never[]) => GameRules<object & Settled>>(target: Rules) => void {
  return (target) => {
    Injectable()(target);
    // Marks the class as a game even if the options are missing, so that the start of the server fails with a clear error.
    Reflect.defineMetadata(GAME, options ?? {}, target);
  };
}

export function gameOptionsOf(target: object): GameOptions | undefined {
  return Reflect.getOwnMetadata(GAME, target) as GameOptions | undefined;
}

/**
 * Returns the definition of a game, with defaults for absent options. Throws an error with the reason when an option is not valid.
 *
 * @param stepHz the rate of `@OnStep`, in steps per second; 0: the game has no method with `@OnStep`
 */
export function defineGame(options: GameOptions, stepHz: number): GameDefinition {
  const {
    name,
    version,
    durability = 'every-change',
    checkpointMs = CHECKPOINT_MS_DEFAULT,
    seatGraceMs = SEAT_GRACE_MS_DEFAULT,
    syncHz = stepHz,
    quantize,
    pastMs,
  } = options;
  const { draft = stepHz > 0 ? 'auto' : 'proxy' } = options;
  demand(
    typeof name === 'string' && /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= NAME_CHARS_MAX,
    `has the name ${quoted(name)}; give up to ${NAME_CHARS_MAX} lower-case letters, digits and dashes`,
  );
  demand(Number.isInteger(version) && version >= 1, `has version ${quoted(version)}; give a whole number from 1`);
  demand(
    typeof stepHz === 'number' && stepHz >= 0 && stepHz <= STEP_HZ_MAX,
    `makes ${quoted(stepHz)} steps a second; give a number up to ${STEP_HZ_MAX}, as in @OnStep(20)`,
  );
  demand(
    typeof syncHz === 'number' && syncHz >= 0 && syncHz <= STEP_HZ_MAX,
    `has syncHz ${quoted(syncHz)}; give a number of syncs a second up to ${STEP_HZ_MAX}, or 0 to send each change at once`,
  );
  const seats = seatsOf(options.seats);
  demand(
    options.options === undefined || isStandardSchema(options.options),
    'has options that are no schema; give a Standard Schema, as of zod: z.strictObject({ … })',
  );
  demand(DURABILITIES.has(durability), `has durability ${quoted(durability)}; give one of ${[...DURABILITIES].join(', ')}`);
  demand(isMs(checkpointMs) && checkpointMs > 0, `has checkpointMs ${quoted(checkpointMs)}; give a time in ms above 0`);
  demand(isMs(seatGraceMs), `has seatGraceMs ${quoted(seatGraceMs)}; give a time in ms from 0`);
  const { joinable = false, teams } = options;
  if (teams !== undefined) checkTeams(teams, seats);
  demand(typeof joinable === 'boolean', `has joinable ${quoted(joinable)}; give true or false`);
  demand(DRAFT_MODES.has(draft), `has draft ${quoted(draft)}; give one of ${[...DRAFT_MODES].join(', ')}`);
  if (quantize !== undefined) checkQuantize(quantize);
  demand(
    pastMs === undefined || (Number.isInteger(pastMs) && pastMs >= 1 && pastMs <= PAST_MS_MAX),
    `has pastMs ${quoted(pastMs)}; give a whole number of ms from 1 to ${PAST_MS_MAX}`,
  );
  const match = checkedMatchRules(options.match, seats, options.options !== undefined);
  return {
    name,
    version,
    seats,
    durability,
    checkpointMs,
    seatGraceMs,
    stepHz,
    syncHz,
    draft,
    ...(joinable && { joinable }),
    ...(teams && { teams: { count: teams.count, size: teams.size } }),
    ...(quantize !== undefined && { quantize }),
    ...(pastMs !== undefined && { pastMs }),
    ...(match && { match }),
  };
}

function checkQuantize(quantize: unknown): void {
  const allowed = "give the distance of two numbers, such as 0.01, or such distances by path, as { 'ships.*.x': 0.01 }";
  const isSteps = typeof quantize === 'object' && quantize !== null && !Array.isArray(quantize);
  demand(typeof quantize === 'number' || isSteps, `has quantize ${quoted(quantize)}; ${allowed}`);
  try {
    RoundingTree.of(quantize as number | StepsByPath);
  } catch (error) {
    demand(false, `has a quantize that is not valid. ${(error as Error).message} In short, ${allowed}`);
  }
}

function seatsOf(seats: GameOptions['seats']): GameDefinition['seats'] {
  const allowed = `give a whole number from 1 to ${SEATS_MAX}, or { min, max } with two of them`;
  const isRange = typeof seats === 'object' && seats !== null;
  demand(isRange || seats !== undefined, `has no seats; ${allowed}`);
  const { min, max } = isRange ? seats : { min: seats, max: seats };
  const declared = isRange ? `seats from ${quoted(min)} to ${quoted(max)}` : `${quoted(seats)} seats`;
  demand(isSeats(min) && isSeats(max), `has ${declared}; ${allowed}`);
  demand(min <= max, `has at most ${max} seats, but at least ${min}`);
  return { min, max };
}

function checkTeams(teams: NonNullable<GameOptions['teams']>, seats: GameDefinition['seats']): void {
  const { count, size } = (teams ?? {}) as Partial<NonNullable<GameOptions['teams']>>;
  const allowed = `give { count: 2 to ${TEAMS_MAX}, size: at least 1 }, as whole numbers`;
  const isWhole = Number.isInteger(count) && Number.isInteger(size);
  demand(isWhole && count! >= 2 && count! <= TEAMS_MAX && size! >= 1, `has teams ${quoted(teams)}; ${allowed}`);
  demand(count! * size! >= seats.min, `has ${count} teams of ${size}, which are too few places for at least ${seats.min} players`);
}

function isSeats(seats: unknown): boolean {
  return Number.isInteger(seats) && (seats as number) >= 1 && (seats as number) <= SEATS_MAX;
}

function isMs(ms: unknown): boolean {
  return typeof ms === 'number' && Number.isFinite(ms) && ms >= 0;
}

const GAME = 'holdfast:game';
const NAME_CHARS_MAX = 32;
const DRAFT_MODES: ReadonlySet<string> = new Set<DraftMode>(['proxy', 'copy', 'auto']);
const DURABILITIES: ReadonlySet<string> = new Set<Durability>(['every-change', 'checkpoint', 'none']);

function demand(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence);
}
