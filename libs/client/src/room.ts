import type { GameResult, HoldfastError, RoomId, RoomPlayerInfo, RoomView, Seat } from '#libs/protocol';
import type { CommandData, CommandName, EventOf, StateOf } from './rules.js';

/**
 * The phase of a room. `waiting`: no game has started. `starting`: the room waits for a game server. `playing`: a game runs. `paused`: the
 * room's server or this client's connection is being replaced. `ended`: from the end of a game to the start of the next. `left`: the player
 * is not in the room any more.
 */
export type RoomPhase = 'waiting' | 'starting' | 'playing' | 'paused' | 'ended' | 'left';

/** The events of a room, each with the arguments of its listeners. */
export interface RoomEvents<Rules = unknown> {
  /** The lobby's view has changed: a member joined, left, or is ready. */
  view: [view: RoomView];
  /** A game runs, or continues on another server. The event `change` with the state follows. */
  placed: [room: Room<Rules>];
  /**
   * The game has a version for which this program was not written (`gameVersions` of `connect`), for example after an upgrade of the fleet.
   * Tell the player to load the page again. States still arrive, and `send` rejects with `game-version`.
   */
  incompatible: [refusal: HoldfastError, room: Room<Rules>];
  /** Somebody took a seat of the running game. `players` already contains the new player. */
  players: [players: readonly RoomPlayerInfo[]];
  /** The state of the game has changed. */
  change: [state: StateOf<Rules>, room: Room<Rules>];
  /**
   * A sync of the server has arrived. The room emits this event before `change`, and also when the state did not change. It is meant for
   * code that predicts or interpolates.
   */
  sync: [sync: RoomSync<Rules>];
  /**
   * An event of the game. The room emits each event once and in order, after `state` shows its effect. After a rewind, the room may emit an
   * event again.
   */
  event: [event: EventOf<Rules>];
  /**
   * The game was rewound: its server was lost with changes that were not stored. This happens with durability `checkpoint`, or when Redis
   * lost data at the same time. All changes after version `to` are lost, including events and acknowledged commands. The event `change`
   * with the current state follows. New changes then use the version numbers of the lost changes again, and the room emits the events of
   * these new changes.
   */
  rewound: [rewind: { readonly from: number; readonly to: number }];
  /**
   * The server could not send all events, because the client was away for too long or the events were too large. `state` is still correct.
   */
  missed: [];
  pause: [reason: string];
  resume: [reason: string];
  end: [result: GameResult];
  left: [reason: string | undefined];
}

/** One sync of the server. */
export interface RoomSync<Rules = unknown> {
  readonly version: number;
  /** The time of the room at this version, in ms. Undefined: the game has no steps, or the server does not send the time. */
  readonly time: number | undefined;
  /**
   * The number of the latest player input of this seat that `state` contains. 0: `state` contains no player input. Undefined: the server
   * does not send the number.
   */
  readonly input: number | undefined;
  readonly state: StateOf<Rules> | undefined;
  /** The state before this sync. If the sync changed nothing, it is the same object as `state`. Undefined: this is the first state. */
  readonly previous: StateOf<Rules> | undefined;
  /** True: the game was rewound, so `state` does not continue `previous`. */
  readonly rewound: boolean;
}

/** The limits of `waitFor`: a signal that aborts the wait, and a time limit in ms. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** The player's room. The type parameter is the class of the game: `Room<TicTacToe>`. */
export interface Room<Rules = unknown> {
  readonly id: RoomId;
  readonly game: string;
  /** The version of the game's rules. Null: no game has begun, or the server is older than this client. */
  readonly gameVersion: number | null;
  /** The members and their readiness, as the lobby reports them. */
  readonly view: RoomView;
  readonly status: RoomPhase;
  /**
   * The state of the game as this player sees it. Each change creates a new object, and no object is ever modified. Undefined before the
   * first game.
   */
  readonly state: StateOf<Rules> | undefined;
  /** The number of changes of the game, or -1 before the first state. */
  readonly version: number;
  /** The seat of this player. Null: the player is a spectator, or no game has begun. */
  readonly seat: Seat | null;
  /** The seats of the game. Each entry names the current or last player of the seat. */
  readonly players: readonly RoomPlayerInfo[];
  /** The result of the last game in this room. Null: no game has ended, or the next game has begun. */
  readonly result: GameResult | null;
  /** Number of unanswered commands. */
  readonly unanswered: number;

  /**
   * Sends a command to the game. Resolves when the command is applied *and* durable. Rejects with the game's own code when the game refused
   * the command, which then changed nothing. After the loss of the connection or the server, the client repeats the command, and the room
   * applies it at most once. After a rewind, the room applies a repeated command to the state after the rewind.
   *
   * @throws `not-in-room` after `left`; `room-not-playing` while no game runs; `game-ended` when the game ended before an answer arrived.
   * `game-version` after `incompatible`. Also `busy` when 64 commands are unanswered; `spectator` without a seat; `bad-data` for data that
   * cannot be sent; `unanswered` after many repeats without an answer
   */
  send<Name extends CommandName<Rules>>(name: Name, ...data: CommandData<Rules, Name>): Promise<void>;

  /**
   * Sends a player input: the controls that the player holds down right now. The server never answers an input, and the client never
   * repeats it. The inputs of a seat have the numbers 1, 2, 3 and so on in each game. `predict` of the entry point `realtime` calls this
   * method itself, so do not use both.
   *
   * @returns false when the input was not sent, because the player is not placed or has no seat
   * @throws `bad-data` when the data cannot be sent
   */
  sendInput(number: number, data: unknown): boolean;

  /** Declares this player ready for the next game. With `false`: declares this player not ready. */
  ready(ready?: boolean): Promise<void>;
  /**
   * Starts the game. Only the host may do this, and all other members must be ready.
   *
   * @param options `waitMs`: the time for which the start waits for a free game server before the refusal `no-capacity`. `signal`: cancels
   * the start. The promise then rejects with the signal's reason, or resolves when the game has already started.
   * @throws `not-owner`, `not-ready` with the names of the members who are not ready, `too-few-players`, `no-capacity`, `load-failed`
   */
  start(options?: { waitMs?: number; signal?: AbortSignal }): Promise<void>;
  /** Leaves the room and its running game. The player loses the seat immediately, without the grace. */
  leave(): Promise<void>;
  /**
   * Agrees to another game with the same members, after a game has ended. The next game starts when the last member who is present agrees.
   */
  rematch(): Promise<void>;

  /** Calls `listener` for each event of this name. Returns a function that removes the listener. */
  on<Name extends keyof RoomEvents>(name: Name, listener: (...args: RoomEvents<Rules>[Name]) => void): () => void;
  /**
   * Resolves as soon as `predicate` is true. Rejects with `not-in-room` when the player leaves, with `timed-out` after the time limit, or
   * with the reason of the signal.
   */
  waitFor(predicate: (room: Room<Rules>) => boolean, options?: WaitOptions): Promise<Room<Rules>>;
}
