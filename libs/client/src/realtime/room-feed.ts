import type { Seat } from '#libs/protocol';

/** One update of the state of the game, as the room received it. */
export interface FeedSync<State = unknown> {
  readonly version: number;
  /** Room time of the step, in ms. Undefined: the server does not send the room time. */
  readonly time?: number | undefined;
  /**
   * Number of the latest player input of this seat that the state contains. 0: the state contains no player input. Undefined: the server
   * does not send the number.
   */
  readonly input?: number | undefined;
  /**
   * The state after this update. Undefined: the server has not sent a state yet. Prediction and interpolation ignore a sync without a
   * state.
   */
  readonly state: State | undefined;
  /** The state before this update. Undefined: this is the first update. */
  readonly previous?: State | undefined;
  /** True when the game was rewound between the previous update and this one. */
  readonly rewound?: boolean | undefined;
}

/** The part of a `Room` that prediction and interpolation need. A `Room` of the client implements this interface. */
export interface RoomFeed<State = unknown> {
  /** The seat of this player. Null: the player is a spectator, or no game has begun. */
  readonly seat: Seat | null;
  /** Calls `listener` for each sync. Returns a function that removes the listener. */
  on(name: 'sync', listener: (sync: FeedSync<State>) => void): () => void;
  /** Sends a player input. The room drops it while the game is paused or the connection is lost. */
  sendInput(number: number, data: unknown): unknown;
}
