import type { Claims, GameResult, Patch, RoomId, RoomMetadata, Seat, UserId } from '#libs/protocol';

/**
 * `here`: the player has a connection. `away`: the connection is lost, and the seat is kept. `left`: the player has left, which is final.
 */
export type Presence = 'here' | 'away' | 'left';

/**
 * A refused command. The room stores the sequence number of the command, so that a repetition is refused again and not regarded as applied.
 */
export type Refusal = readonly [seq: number, code: string];

/** Maximum number of refusals that the room stores for each seat. A client has at most this many unanswered commands. */
export const UNANSWERED_MAX = 64;

/**
 * Default of the maximum size of a room value, in bytes of MessagePack. The whole value is sent to each returning player and to a server
 * that adopts the room.
 */
export const STATE_BYTES_MAX_DEFAULT = 262_144;

export interface SeatValue {
  readonly user: UserId;
  readonly name: string;
  /** The claims with which the user took the seat. Absent: none. */
  readonly claims?: Claims;
  /** The team of the seat, counted from 0. Absent: the room has no teams. */
  readonly team?: number;
  readonly presence: Presence;
  /** The highest sequence number of an applied command of this seat. */
  readonly seq: number;
  readonly refused: readonly Refusal[];
  /** The number of the last player input of this seat that a step has sampled. Absent: none. */
  readonly input?: number;
  /** True: server code of the game plays this seat. Absent: a user plays it. */
  readonly bot?: true;
}

/**
 * The complete value of a room in play. A checkpoint contains it, and the owner has it in memory. It is plain data and never changed in
 * place, so old versions can be kept without a copy.
 */
export interface RoomValue<State = unknown> {
  readonly room: RoomId;
  /** The number of the game in this room, counted from 0. Absent: 0. */
  readonly round?: number;
  readonly game: string;
  /** The version of the rules that wrote `state`. */
  readonly gameVersion: number;
  /** The number of changes so far. */
  readonly version: number;
  readonly seats: readonly SeatValue[];
  /** Due times by timer name, in ms since 1970 by the room's time. The current owner of the room fires them. */
  readonly timers: Readonly<Record<string, number>>;
  readonly state: State;
  /** Effects that are durable but not known to be done. The owner runs them. After a failure, an effect can run again. */
  readonly outbox: readonly PendingEffect[];
  /**
   * The data that the game has loaded before its setup (`@OnLoad`). A recovery does not load it again. Absent: the game has loaded nothing.
   */
  readonly loaded?: unknown;
  /** The mode of the match, for the ratings of that mode. Absent: the room was made without a mode. */
  readonly mode?: string;
  /** True: the game takes no more players (`room.lock()`). Absent: the game is not locked. */
  readonly locked?: true;
  /** The metadata that the list of rooms shows about the game (`room.setMetadata()`). Absent: the game has no metadata. */
  readonly metadata?: RoomMetadata;
  /** The result of the game, which its last change sets. Absent: the game is in play. */
  readonly ended?: GameResult;
}

/**
 * An event of one change. With `to`, only the seats in `to` get it, and spectators do not. A volatile event is neither stored nor sent
 * again.
 */
export interface ChangeEvent {
  readonly name: string;
  readonly data?: unknown;
  readonly to?: readonly Seat[];
  readonly volatile?: true;
}

export interface ChangeEffect {
  readonly name: string;
  readonly data?: unknown;
  /**
   * The key that the effect will have as a `PendingEffect`. Absent in logs that an earlier version of Holdfast wrote, and where effects are
   * not run (`GameTest`).
   */
  readonly key?: string;
  /**
   * The name of the timer that ends the wait for the result of this effect. The change that handles the result removes the timer. Absent:
   * the game does not wait for a result.
   */
  readonly timer?: string;
}

export interface PendingEffect extends ChangeEffect {
  /** The name of the game, for an effect that runs after the end of its game. Absent: the room's value contains the name. */
  readonly game?: string;
  /**
   * The key of the effect: `game:tenure:version:index`. It is stored with the effect and is the same in each run on each server, so that
   * receivers can detect repetitions. `game`: the room id, and the round from the room's second game on. `tenure`: the epoch of the owner
   * that made the change, or the id of the start for effects of a setup. A rewound room reaches the same version again, but in another
   * epoch.
   */
  readonly key: string;
}

/** Changes of one seat. Absent fields stay as they are. */
export interface SeatChange {
  readonly seq?: number;
  /** Commands that were refused since the previous change. This change records them. */
  readonly refused?: readonly Refusal[];
  readonly presence?: Presence;
  /** The number of the last player input of this seat that this step has sampled. */
  readonly input?: number;
  /** The seat has a new player or bot. A seat that does not exist yet is added after the last one. */
  readonly joined?: SeatOccupant;
}

/** The player or bot that takes a seat. */
export interface SeatOccupant {
  readonly user: UserId;
  readonly name: string;
  readonly bot?: true;
  readonly claims?: Claims;
  readonly team?: number;
}

/**
 * One entry in the log of a room: the recorded result of one input. It changes the game's state by RFC 6902 patches, or by a state
 * patch (`libs/state-patch`), never by both.
 */
export type Change = ChangeByPatches | ChangeByDelta;

/** A change of a game with the draft `proxy`. */
export interface ChangeByPatches extends ChangeRecord {
  readonly patches: readonly Patch[];
  readonly delta?: undefined;
}

/** A change of a game with the draft `copy` or `auto`. */
export interface ChangeByDelta extends ChangeRecord {
  readonly patches?: undefined;
  /** The state patch from the state before this change. Empty: the state does not change. */
  readonly delta: Uint8Array;
}

/** The parts of a change in addition to the state. */
export interface ChangeRecord {
  /** The version after this change. */
  readonly version: number;
  /** The time of the change, in ms since 1970 by the room's time. */
  readonly at: number;
  readonly events?: readonly ChangeEvent[];
  readonly effects?: readonly ChangeEffect[];
  /** Keys of completed effects. */
  readonly effectsDone?: readonly string[];
  readonly seats?: Readonly<Record<Seat, SeatChange>>;
  /** The new due time of each changed timer, by its name. Null: the timer is removed. */
  readonly timers?: Readonly<Record<string, number | null>>;
  /** True: the game is locked from this change on. False: the game is unlocked from this change on. Absent: the lock has not changed. */
  readonly locked?: boolean;
  /** The metadata of the room from this change on. Null: the room has no metadata. Absent: the metadata have not changed. */
  readonly metadata?: RoomMetadata | null;
  readonly ended?: GameResult;
}
