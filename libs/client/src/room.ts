import type { GameEvent, GameResult, RoomId, RoomView, Seat } from '#libs/protocol';
import type { CommandData, CommandName, StateOf } from './rules.js';

/**
 * `waiting` in the lobby, `starting` while a server is found, `playing`, `paused` while the room's server or our
 * connection is being replaced, `ended` from the end of a game until the next one starts, `left` for good.
 */
export type RoomPhase = 'waiting' | 'starting' | 'playing' | 'paused' | 'ended' | 'left';

export interface RoomEvents<Rules = unknown> {
  /** The lobby's view changed: someone came, went, is ready. */
  view: [view: RoomView];
  /** A game runs, or runs on another server; its state follows with `change`. */
  placed: [room: Room<Rules>];
  /** `state` is new. */
  change: [state: StateOf<Rules>, room: Room<Rules>];
  /** Something happened in the game; each comes once, in order, after `state` shows it. */
  event: [event: GameEvent];
  /**
   * The game was wound back: its server was lost with changes that were not stored (durability `checkpoint`, or a store that
   * lost something as well). What happened after version `to` is undone, events and acknowledged commands included. The
   * state as it is now follows with `change`; events after it happen anew.
   */
  rewound: [rewind: { readonly from: number; readonly to: number }];
  /** So many events happened while we were away that some are no longer known; `state` is right nevertheless. */
  missed: [];
  pause: [reason: string];
  resume: [reason: string];
  end: [result: GameResult];
  left: [reason: string | undefined];
}

/** How long to wait, at most. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** The room I am in, typed by the game's class: `Room<TicTacToe>`. */
export interface Room<Rules = unknown> {
  readonly id: RoomId;
  readonly game: string;
  /** Who is here and ready, as the lobby sees it. */
  readonly view: RoomView;
  readonly status: RoomPhase;
  /** Never changed in place: what is the same object as before is the same value. Undefined until a game has begun. */
  readonly state: StateOf<Rules> | undefined;
  /** The number of changes the game has seen; -1 before the first state. */
  readonly version: number;
  /** null: I am a spectator, or no game has begun. */
  readonly seat: Seat | null;
  readonly players: readonly { readonly seat: Seat; readonly name: string }[];
  /** How the last game here ended. */
  readonly result: GameResult | null;
  /** Commands not answered yet. */
  readonly unanswered: number;

  /**
   * Asks the game to do something. Resolves once that is applied *and* durable; rejects with the game's own code when
   * it was refused and changed nothing. A command outlives the loss of the connection and of the server: it is sent
   * again, and applied at most once; where the game was wound back meanwhile, to the state that it has then. `game-ended`
   * says that the game was over before an answer came, `busy` that 64 commands are unanswered.
   */
  send<Name extends CommandName<Rules>>(name: Name, ...data: CommandData<Rules, Name>): Promise<void>;

  ready(ready?: boolean): Promise<void>;
  /** @param options `waitMs`: how long to wait for a free game server before `no-capacity`. */
  start(options?: { waitMs?: number }): Promise<void>;
  leave(): Promise<void>;

  on<Name extends keyof RoomEvents>(name: Name, listener: (...args: RoomEvents<Rules>[Name]) => void): () => void;
  /** Resolves as soon as `predicate` holds; rejects with `not-in-room` when we leave, `timed-out`, or the signal's reason. */
  waitFor(predicate: (room: Room<Rules>) => boolean, options?: WaitOptions): Promise<Room<Rules>>;
}
