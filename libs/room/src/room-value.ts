import type { GameResult, Patch, RoomId, Seat, UserId } from '#libs/protocol';

export type Presence = 'here' | 'away' | 'left';

/** A command that was refused: kept with its seq, so that one sent again is refused again and never taken for applied. */
export type Refusal = readonly [seq: number, code: string];

/** How many refusals a seat remembers: a client has at most this many commands unanswered. */
export const UNANSWERED_MAX = 64;

/**
 * The largest room value in bytes of MessagePack, by default: it travels whole to each player who comes back, and to the
 * server that takes the room up.
 */
export const STATE_BYTES_MAX_DEFAULT = 262_144;

export interface SeatValue {
  readonly user: UserId;
  readonly name: string;
  readonly presence: Presence;
  /** The highest seq of this seat's commands that was applied. */
  readonly seq: number;
  readonly refused: readonly Refusal[];
}

/**
 * A room in play, whole: what a checkpoint stores and an owner holds. Plain data; never written to in place, so that
 * old versions stay cheap to keep.
 */
export interface RoomValue<State = unknown> {
  readonly room: RoomId;
  /** Which game of the room this is, from 0; absent means 0. */
  readonly round?: number;
  readonly game: string;
  /** The version of the game's rules that wrote `state`. */
  readonly gameVersion: number;
  /** The number of changes the room has seen. */
  readonly version: number;
  readonly seats: readonly SeatValue[];
  /** Due times of timers by name, in ms since 1970 by the room's time: they fire on whichever server owns the room. */
  readonly timers: Readonly<Record<string, number>>;
  readonly state: State;
  /** Effects that are durable and not known to be done: whoever owns the room runs them, again if need be. */
  readonly outbox: readonly PendingEffect[];
  /** Set by the last change. */
  readonly ended?: GameResult;
}

/** An event of one change; `to` limits it to some seats, and spectators then do not see it. */
export interface ChangeEvent {
  readonly name: string;
  readonly data?: unknown;
  readonly to?: readonly Seat[];
}

export interface ChangeEffect {
  readonly name: string;
  readonly data?: unknown;
  /** As it will stand in `PendingEffect`. Absent in logs of earlier versions, and where nobody runs effects (`GameTest`). */
  readonly key?: string;
}

export interface PendingEffect extends ChangeEffect {
  /**
   * `game:tenure:version:index`, the same however often the effect is run and whichever server runs it, so that the
   * outside world can tell. It is given once and stored with the effect. The game is named by its room, from the room's
   * second game on with its number. The tenure is the epoch of the owner that made the change (in a setup the id of the
   * start): a room that was wound back reaches the same version again, but under another epoch.
   */
  readonly key: string;
}

/** What became of a seat in one change; what is not named stays. */
export interface SeatChange {
  readonly seq?: number;
  /** Commands refused since the change before, now on record. */
  readonly refused?: readonly Refusal[];
  readonly presence?: Presence;
}

/** What an accepted command, tick, timer or presence did to a room: the entries of its change log. */
export interface Change {
  /** The version this change makes. */
  readonly version: number;
  /** When, in ms since 1970 by the room's time. */
  readonly at: number;
  /** Of the game's state. */
  readonly patches: readonly Patch[];
  readonly events?: readonly ChangeEvent[];
  readonly effects?: readonly ChangeEffect[];
  /** Keys of effects that were run to their end. */
  readonly effectsDone?: readonly string[];
  readonly seats?: Readonly<Record<Seat, SeatChange>>;
  /** Due time by name; null takes the timer away. */
  readonly timers?: Readonly<Record<string, number | null>>;
  readonly ended?: GameResult;
}
