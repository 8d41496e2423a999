import type { GameResult, RoomId, RoomPlayerInfo, RoomView, Seat } from '#libs/protocol';
import type { CommandData, CommandName, EventOf, StateOf } from './rules.js';

/**
 * The phase of a room. `waiting`: no game has started. `starting`: a game server is being found. `playing`: a game runs. `paused`: the
 * room's server or this client's connection is being replaced. `ended`: from the end of a game to the start of the next. `left`: the player
 * is not in the room any more.
 */
export type RoomPhase = 'waiting' | 'starting' | 'playing' | 'paused' | 'ended' | 'left';

/** The events of a room, each with the arguments of its listeners. */
export interface RoomEvents<Rules = unknown> {
  /** The lobby's view has changed: a member joined, left, or is ready. */
  view: [view: RoomView];
  /** A game runs, or continues on another server. `change` follows with its state. */
  placed: [room: Room<Rules>];
  /** Somebody took a seat of the running game. `players` already contains the new player. */
  players: [players: readonly RoomPlayerInfo[]];
  /** The state of the game has changed. */
  change: [state: StateOf<Rules>, room: Room<Rules>];
  /**
   * A sync of the server has arrived, even if it changed nothing. This event comes before `change`. Code that predicts or interpolates uses
   * this event.
   */
  sync: [sync: RoomSync<Rules>];
  /**
   * An event of the game. Each event is emitted once, in order, when `state` already shows its effect. After a rewind, an event can be
   * emitted again.
   */
  event: [event: EventOf<Rules>];
  /**
   * The game was rewound: its server was lost with changes that were not stored. This happens with durability `checkpoint`, or when Redis
   * lost data at the same time. All changes after version `to` are undone, including events and acknowledged commands. `change` follows
   * with the current state. The events of the new history are emitted, also when their versions were seen before.
   */
  rewound: [rewind: { readonly from: number; readonly to: number }];
  /** The server could not send all events: the client was away for too long, or they were too large. `state` is still correct. */
  missed: [];
  pause: [reason: string];
  resume: [reason: string];
  end: [result: GameResult];
  left: [reason: string | undefined];
}

/** One sync of the server. */
export interface RoomSync<Rules = unknown> {
  readonly version: number;
  /** The time of the room at this version, in ms. Undefined: the game has no steps, or the server does not send it. */
  readonly time: number | undefined;
  /** The number of the latest input of this seat that `state` contains. 0: it contains no input. Undefined: the server does not send it. */
  readonly input: number | undefined;
  readonly state: StateOf<Rules> | undefined;
  /** The state before this sync. It is the same object as `state` when nothing changed. Undefined: this is the first state. */
  readonly previous: StateOf<Rules> | undefined;
  /** True: the game was rewound, so `state` does not continue `previous`. */
  readonly rewound: boolean;
}

/** The limits of `waitFor`: a signal that aborts it, and a time limit in ms. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** The player's room. The type parameter is the class of the game: `Room<TicTacToe>`. */
export interface Room<Rules = unknown> {
  readonly id: RoomId;
  readonly game: string;
  /** The members and their readiness, as the lobby reports them. */
  readonly view: RoomView;
  readonly status: RoomPhase;
  /**
   * The state of the game as this player sees it. Each change makes a new object, so the same object always has the same value. Undefined
   * before the first game.
   */
  readonly state: StateOf<Rules> | undefined;
  /** The number of changes of the game, or -1 before the first state. */
  readonly version: number;
  /** The seat of this player. Null: the player is a spectator, or no game has begun. */
  readonly seat: Seat | null;
  /** The seats of the game, each with the player who has it or had it last. */
  readonly players: readonly RoomPlayerInfo[];
  /** The result of the last game in this room. Null: no game has ended, or the next game has begun. */
  readonly result: GameResult | null;
  /** Number of unanswered commands. */
  readonly unanswered: number;

  /**
   * Sends a command to the game. Resolves when the command is applied *and* durable. Rejects with the game's own code when the command was
   * refused and changed nothing. A command survives the loss of the connection and of the server: the client repeats it, and the room
   * applies it at most once. After a rewind, the room applies a repeated command to the state of that moment.
   *
   * @throws `not-in-room` after `left`; `room-not-playing` while no game runs; `game-ended` when the game ended before an answer arrived.
   * Also `busy` when 64 commands are unanswered; `spectator` without a seat; `bad-data` for data that cannot be sent; `unanswered` after
   * many repeats without an answer
   */
  send<Name extends CommandName<Rules>>(name: Name, ...data: CommandData<Rules, Name>): Promise<void>;

  /**
   * Sends an input: what the player holds down right now. The server never answers an input, and the client never repeats it. The numbers
   * of a seat grow by one from 1 in each game. `predict` of the entry point `realtime` calls this method itself, so do not use both.
   *
   * @returns false when it was not sent, because the player is not placed or has no seat
   * @throws `bad-data` when the data cannot be sent
   */
  sendInput(number: number, data: unknown): boolean;

  /** Says that this player is ready for the next game, or with `false` that the player is not. */
  ready(ready?: boolean): Promise<void>;
  /**
   * Starts the game. Only the host may do this, and all other members must be ready.
   *
   * @param options `waitMs`: the time for which the start waits for a free game server before the refusal `no-capacity`. `signal`: cancels
   * the start. The promise then rejects with the signal's reason, or resolves when the game has already started.
   * @throws `not-owner`, `not-ready` with the names of the members who are not ready, `too-few-players`, `no-capacity`, `load-failed`
   */
  start(options?: { waitMs?: number; signal?: AbortSignal }): Promise<void>;
  /** Leaves the room, and the running game with it. A game takes this as final. */
  leave(): Promise<void>;
  /**
   * Agrees to another game with the same members, after a game has ended. The next game starts when the last member who is present agrees.
   */
  rematch(): Promise<void>;

  /** Calls `listener` for each event of this name. Returns a function that removes the listener. */
  on<Name extends keyof RoomEvents>(name: Name, listener: (...args: RoomEvents<Rules>[Name]) => void): () => void;
  /**
   * Resolves as soon as `predicate` is true. Rejects with `not-in-room` when the player leaves, with `timed-out`, or with the
   * signal's reason.
   */
  waitFor(predicate: (room: Room<Rules>) => boolean, options?: WaitOptions): Promise<Room<Rules>>;
}
