import type { GameResult, Seat } from '#libs/protocol';
import type { Presence } from './room-value.js';

export interface SeatInfo {
  readonly seat: Seat;
  readonly user: string;
  readonly name: string;
  readonly presence: Presence;
}

/** What every handler of a game may do with its room. All of it takes effect together, or not at all. */
export interface RoomContext {
  readonly id: string;
  readonly seats: readonly SeatInfo[];
  /**
   * Now, in whole ms since 1970, by the store's clock; the same during one handler. It never goes back within a room, also when the
   * room changes its server, and does not depend on the clock of any host.
   */
  readonly now: number;
  /** From 0 (included) to 1 (excluded). What comes of it is recorded, so it need not be repeatable. */
  random(): number;
  /** The timer that `@OnTimer(timer)` handles fires once, `ms` from now; the one of the same name before is replaced. */
  schedule(timer: string, ms: number): void;
  cancel(timer: string): void;
  /** Milliseconds until the named timer is due; null when it is not set. */
  remaining(timer: string): number | null;
  /** Sent once to every player and spectator, or only to the seats in `to`. The name has 1 to 64 characters. */
  emit(event: string, data?: unknown, to?: readonly Seat[]): void;
  /**
   * Work for the outside world, for the `@EffectHandler(name)` of some provider: done after the change is durable, at least
   * once, with the key `game:version:index`.
   */
  effect(name: string, data?: unknown): void;
  /** The game is over; players are back in the lobby. */
  end(result?: unknown): void;
}

/** `setup` makes the first state; it may schedule, emit and end, but there is no state yet. */
export type Setup = RoomContext;

/** In a handler: `state` is a draft to be changed in place. */
export interface Room<State> extends RoomContext {
  readonly state: State;
  /** The seat whose command or presence this is; -1 in ticks and timers. */
  readonly seat: Seat;
  /** Refuses the command with a code of the game's own (`not-your-turn`); elsewhere the handler just did nothing. */
  reject(code: string, message?: string): never;
}

/** What a game says of itself. */
export interface GameDefinition {
  readonly name: string;
  /** Of the rules and the shape of the state; grows when `state` of before needs `migrateState`. */
  readonly version: number;
  readonly seats: { readonly min: number; readonly max: number };
  readonly durability: Durability;
  /** With durability `checkpoint`: how often the state is saved. */
  readonly checkpointMs: number;
  /** 0: the game has no ticks. */
  readonly tickHz: number;
  /** How long a seat is kept for a player who is away, in ms; then the seat is `left`. */
  readonly seatGraceMs: number;
}

/**
 * `every-change`: nothing leaves before it is stored; a crash costs a pause. `checkpoint`: the state is saved now and
 * then; a crash rewinds at most that long. `none`: the room ends with its server.
 */
export type Durability = 'every-change' | 'checkpoint' | 'none';

export type Validation = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

export interface CommandRule<State> {
  validate(data: unknown): Validation;
  run(room: Room<State>, data: unknown): void;
}

/** A game's rules as one table, found once at start; a command is a map look-up and a call. */
export interface RoomRules<State = unknown> {
  readonly definition: GameDefinition;
  setup(room: Setup): State;
  readonly commands: ReadonlyMap<string, CommandRule<State>>;
  readonly timers: ReadonlyMap<string, (room: Room<State>) => void>;
  /** Names of the effects that somebody handles; absent or null: not known, and `room.effect` takes any name. */
  readonly effects?: ReadonlySet<string> | null;
  readonly seatEvents: ReadonlyMap<SeatEvent, (room: Room<State>) => void>;
  readonly tick: ((room: Room<State>, elapsedMs: number) => void) | null;
  /** After `ms` without an owner: the room's timers are due later by as much already, the game sees to what it reckons itself. */
  readonly paused?: ((room: Room<State>, ms: number) => void) | null;
  /** What a seat (null: a spectator) may see; null when everyone sees everything. Pure. */
  readonly view: ((state: State, seat: Seat | null) => unknown) | null;
  /** Brings a state of an older version of the game to this one. */
  readonly migrateState: ((state: unknown, fromVersion: number) => State) | null;
}

/** `joined` once per seat right after `setup`; `left` when a player leaves on purpose, or is away for `seatGraceMs`. */
export type SeatEvent = 'joined' | 'away' | 'back' | 'left';

export type { GameResult };
