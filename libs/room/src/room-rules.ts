import type { GameResult, JsonSchema, MatchRules, RoomId, RoomMetadata, Seat, TeamRules } from '#libs/protocol';
import type { StepsByPath } from '#libs/state-patch';
import type { EffectResult } from './effect-result.js';
import type { ClaimsOf, DataArgs, EffectDataOf, EffectName, EventDataOf, EventName, GameTypes, LoadedOf, TYPES } from './game-types.js';
import type { RoomPlayer } from './room-input.js';
import type { Presence } from './room-value.js';

/** A seat of a room, and the player who has it. */
export interface SeatInfo<Types = GameTypes> {
  readonly seat: Seat;
  readonly user: string;
  readonly name: string;
  readonly presence: Presence;
  /** The claims with which the user took the seat. Absent: the authenticator gave none. */
  readonly claims?: ClaimsOf<Types>;
  /** The team of the seat, counted from 0. Absent: the room has no teams. */
  readonly team?: number;
  /** True: server code of the game plays this seat. Absent: a user plays it. */
  readonly bot?: true;
}

export interface EmitOptions {
  /** The seats that get the event. Absent: every player and spectator. */
  readonly to?: readonly Seat[];
  /** True: players with a slow or lost connection do not get the event. */
  readonly volatile?: boolean;
}

/** The methods of a room during a handler of its game. All calls of one handler take effect together, or none of them does. */
export interface RoomContext<Types = GameTypes> {
  /** Carries the types of the game. It exists only for the compiler. */
  readonly [TYPES]?: Types;
  readonly id: string;
  readonly seats: readonly SeatInfo<Types>[];
  /** The frozen result of the game's `@OnLoad` method, which ran before the setup. Undefined: the game loads nothing. */
  readonly loaded: LoadedOf<Types>;
  /**
   * The current time in whole ms since 1970, by Redis' clock. It is constant during one handler and does not depend on the clock of any
   * host. It never goes back within a room, even when the room changes its server.
   */
  readonly now: number;
  /**
   * Returns a random number from 0 (included) to 1 (excluded). Recovery does not run the handler again, so the number need not be
   * repeatable.
   */
  random(): number;
  /** Starts a timer: its handler (`@OnTimer(timer)`) is called once, after `ms`. Replaces a running timer of the same name. */
  schedule(timer: string, ms: number): void;
  /** Stops a timer. Does nothing when the timer does not run. */
  cancel(timer: string): void;
  /** Returns the time until the timer is due, in ms. Null: it is not running. */
  remaining(timer: string): number | null;
  /**
   * Sends an event once to every player and spectator, or only to the seats in `to`. The name has 1 to 64 characters. A volatile event is
   * for something that matters only now, such as a sound or a flash. It is sent with the next sync and not stored. A player whose
   * connection is slow or was lost does not get it later.
   */
  emit<Name extends EventName<Types>>(event: Name, ...data: DataArgs<EventDataOf<Types, Name>, [to?: readonly Seat[] | EmitOptions]>): void;
  /**
   * Requests work outside of the room from the `@EffectHandler(name)` of any provider. The handler runs at least once, with a unique key,
   * after the change is durable. If the game has a method with `@OnResult(name)`, that method gets the result once.
   */
  effect<Name extends EffectName<Types>>(name: Name, ...data: DataArgs<EffectDataOf<Types, Name>>): void;
  /** True: the game takes no more players. */
  readonly isLocked: boolean;
  /**
   * Locks the running game, so that no more players join. A player whose join was stored before the lock still gets the seat. Has an effect
   * only in a game that is `joinable`.
   */
  lock(): void;
  /** Lets players join again after `lock`. */
  unlock(): void;
  /**
   * Gives a free seat to a bot, and returns the seat. Null: no seat is free. Throws in a game without a `@Bot` method. A seat that a player
   * is just taking, in `@OnSeat('left')` or `@OnSeat('joined')`, is not free. A player who joins may take the seat from the bot: the game
   * then receives `left` and `joined` for the seat. `@OnSeat('joined')` does not run for a bot.
   */
  addBot(name: string): Seat | null;
  /** Removes the bot of a seat. The seat is then `left`, and `@OnSeat('left')` does not run. Does nothing when no bot has the seat. */
  removeBot(seat: Seat): void;
  /**
   * Sets the metadata of this game for the list of rooms, such as the level or the score. The metadata are an object with at most 1,024
   * bytes of JSON, and replace the earlier metadata. Null removes them. The list shows a change within about a second. The metadata end
   * with the game.
   */
  setMetadata(metadata: RoomMetadata | null): void;
  /**
   * Ends the game with this result. The players stay in the room, which waits for its next game. A field `ranking` must be a list of
   * places, best first, each with its seats (`RankedResult`): `room.end({ ranking: [[2], [0, 1]], scores: [4, 4, 9] })`.
   */
  end(result?: unknown): void;
}

/**
 * The room during `setup`, which makes the first state. Timers and events are available, and the game can end, but there is no state yet.
 */
export interface Setup<Options = unknown, Types = GameTypes> extends RoomContext<Types> {
  /** The options of the room, validated by the schema of `@Game({ options })`. Undefined: the room has none. */
  readonly options: Options;
}

/** The room during a handler. `state` is a draft that the handler changes in place. */
export interface GameRoom<State, Input = unknown, Types = GameTypes> extends RoomContext<Types> {
  readonly state: State;
  /** The seat of the command or seat event. -1 in all other handlers. */
  readonly seat: Seat;
  /**
   * Returns the data of the latest valid player input of this seat, frozen. Undefined: no player input has arrived since the player
   * connected or the room changed its server. Call it only in the `@OnStep` method of a game with `@Input`.
   */
  input(seat: Seat): Input | undefined;
  /**
   * Returns the state as it was `ms` ago, frozen. Use it for lag compensation: a late shot then hits what its player saw. Works only in
   * games with `pastMs` in `@Game`. The earlier states are only in the memory of the server. If `ms` is above `pastMs`, or the room has
   * just begun or changed its server, returns the oldest state that the server has. `past(0)` is the state before this handler.
   */
  past(ms: number): Readonly<State>;
  /** Refuses the command with a code of the game (`not-your-turn`). In a handler without a command, only undoes the handler's edits. */
  reject(code: string, message?: string): never;
}

/** The properties of a game. */
export interface GameDefinition {
  readonly name: string;
  /** The version of the rules and of the state's shape. Increase it when older states need `migrateState`. */
  readonly version: number;
  readonly seats: { readonly min: number; readonly max: number };
  readonly durability: Durability;
  /** Time between two checkpoints of a game with durability `checkpoint`, in ms. */
  readonly checkpointMs: number;
  /** Steps a second. 0: the game has no steps. */
  readonly stepHz: number;
  /**
   * Maximum number of syncs a second that a player gets. Changes between two syncs are sent together. 0: each change is sent at once. If it
   * equals `stepHz`, each step is sent at once, together with the commands before it.
   */
  readonly syncHz: number;
  /** The kind of draft to which handlers write. Absent: `proxy`. */
  readonly draft?: DraftMode;
  /**
   * Each number that a handler changed is rounded to a multiple of this value. The value can differ by path. Absent: numbers are not
   * rounded.
   */
  readonly quantize?: number | StepsByPath;
  /** Time for which `room.past` looks back, in ms. Absent: the game has no `room.past`. */
  readonly pastMs?: number;
  /** Time for which the room keeps the seat of a player who is away, in ms. After this time the seat is `left`. */
  readonly seatGraceMs: number;
  /** True: the game has code that plays bots. */
  readonly bots?: true;
  /** True: players may take free seats of a running game. */
  readonly joinable?: boolean;
  /** True: the game waits for results of effects (`@OnResult`). */
  readonly hasResults?: boolean;
  /** True: the game loads data before its setup (`@OnLoad`). */
  readonly hasLoad?: boolean;
  /** The teams of a room that is created without `teams`. Absent: none. */
  readonly teams?: TeamRules;
  /** The rules by which matchmaking finds the players of a match. Absent: the default rules. The room itself does not use this field. */
  readonly match?: MatchRules;
}

/**
 * The kind of draft to which a handler writes, so that a handler that fails changes nothing. `proxy`: a draft that copies only the written
 * parts. It is cheap when the handler changes a small part of a large state. `copy`: a copy of the whole state. It is cheap when the
 * handler changes a large part of the state. `auto`: the room chooses for each run. With `copy` and `auto`, the changes of the game are
 * state patches.
 */
export type DraftMode = 'proxy' | 'copy' | 'auto';

/**
 * The durability of a game. `every-change`: each change is stored before it is sent, so a crash only pauses the game. `checkpoint`: the
 * state is stored periodically, so a crash rewinds the game by at most one period. `none`: the game ends with its server.
 */
export type Durability = 'every-change' | 'checkpoint' | 'none';

export type Validation = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

export interface CommandRule<State> {
  validate(data: unknown): Validation;
  run(room: GameRoom<State>, data: unknown): void;
}

/** The rules for player inputs (`@Input`). */
export interface InputRule {
  validate(data: unknown): Validation;
  /** Maximum number of player inputs of a seat that wait for steps. Each step samples one. 0: a step samples the latest one. */
  readonly queue: number;
}

/**
 * The rules of a game as one table, built once at start, so that a command needs only a map look-up and a call.
 *
 * @internal
 */
export interface RoomRules<State = unknown> {
  readonly definition: GameDefinition;
  /** Returns the state with which a game begins. */
  setup(room: Setup): State;
  /** Validates the options of a room. Absent or null: the game takes no options. */
  readonly options?: ((data: unknown) => Validation) | null;
  /** Describes the options. Absent: the schema library cannot describe them, or there are none. */
  readonly optionsSchema?: JsonSchema;
  readonly commands: ReadonlyMap<string, CommandRule<State>>;
  /** The rules for player inputs. Absent or null: the game has no player inputs. */
  readonly input?: InputRule | null;
  /** The handlers of timers, by the name of the timer. */
  readonly timers: ReadonlyMap<string, (room: GameRoom<State>) => void>;
  /** Names of the effects that have a handler. Absent or null: not known, and `room.effect` accepts any name. */
  readonly effects?: ReadonlySet<string> | null;
  /** Loads data before the setup. Absent or null: the game loads nothing. */
  readonly load?: LoadRule | null;
  /** The handling of effects whose results the game awaits, by name of the effect. Absent: none. */
  readonly results?: ReadonlyMap<string, ResultRule<State>>;
  /** The handlers of seat events. */
  readonly seatEvents: ReadonlyMap<SeatEvent, (room: GameRoom<State>) => void>;
  /** Runs one step of the game. `stepMs`: the length of a step in ms, always the same. Null: the game has no steps. */
  readonly step: ((room: GameRoom<State>, stepMs: number) => void) | null;
  /**
   * Adjusts the times in the game's state after `ms` without an owner. The room has already delayed its timers. Absent or null: the state
   * has no times to adjust.
   */
  readonly paused?: ((room: GameRoom<State>, ms: number) => void) | null;
  /** Plays the bots of a room. Absent or null: bots do nothing. */
  readonly bot?: BotRule | null;
  /** Returns the part of the state that a seat (or null, a spectator) may see. Pure. Null: the game has no views of its state. */
  readonly view: ((state: State, seat: Seat | null) => unknown) | null;
  /** Upgrades a state of an older version of the game to this version. Null: the game has no upgrade. */
  readonly migrateState: ((state: unknown, fromVersion: number) => State) | null;
}

/** The method that loads the data of a game before its setup, with its limits. */
export interface LoadRule {
  run(start: GameStart): unknown;
  /** Time limit for all attempts together, in ms. */
  readonly timeoutMs: number;
  /** Maximum number of attempts, including the first one. */
  readonly attempts: number;
}

/** The start of a game, for the method that loads its data. */
export interface GameStart<Options = unknown, Types = GameTypes> {
  readonly roomId: RoomId;
  readonly game: string;
  /** Identifies this start. If the server dies and another server repeats the load, the key is the same. */
  readonly key: string;
  /** The options of the room, validated by the schema of `@Game({ options })`. Undefined: the room has none. */
  readonly options: Options;
  /** The players, by seat. */
  readonly seats: readonly (Omit<RoomPlayer, 'claims'> & { readonly claims?: ClaimsOf<Types> })[];
  /** The signal is aborted when the time limit of the load has passed. Pass it to calls that take a signal. */
  readonly signal: AbortSignal;
}

/** The handling of the results of one kind of effect. */
export interface ResultRule<State> {
  run(room: GameRoom<State>, result: EffectResult): void;
  /** Time without a result after which the effect has failed (`timed-out`), in ms. Time without an owner is not included. */
  readonly timeoutMs: number;
  /** Number of attempts of the effect's handler after which the effect has failed (`effect-failed`). */
  readonly attempts: number;
}

/** The code that plays bots, and the time between two moves. */
export interface BotRule {
  /** Time between two moves of a bot, in ms. */
  readonly everyMs: number;
  /**
   * Returns the next command or player input of a bot. Undefined or null: the bot makes no move. Pure. `view`: the state as the bot's seat
   * sees it.
   */
  move(view: unknown, room: BotRoom): BotMove | null | undefined;
}

/** The next command or player input of a bot. */
export type BotMove = BotCommand | BotInput;

/** A command of a bot. It is validated and run like a command of a player. */
export interface BotCommand {
  readonly command: string;
  readonly data?: unknown;
}

/** The player input that a bot holds down from now on. It is validated by `@Input` and sampled by steps like that of a player. */
export interface BotInput {
  readonly input: unknown;
}

/** The room in the form that the code of a bot gets. */
export interface BotRoom extends Pick<RoomContext, 'id' | 'seats' | 'now' | 'random'> {
  /** The seat of the bot. */
  readonly seat: Seat;
}

/**
 * `joined`: the player got the seat, in the setup or later in a `joinable` game. `left`: the player left on purpose, was away for
 * `seatGraceMs`, or was away when another player took the seat.
 */
export type SeatEvent = 'joined' | 'away' | 'back' | 'left';

export type { GameResult };
