import type {
  ChatMessage,
  GameInfo,
  HoldfastError,
  MatchMessage,
  MatchWish,
  OperationName,
  Operations,
  RoomListQuery,
  RoomSettings,
  RoomSummary,
  RoomsMessage,
  SessionId,
  TeamRules,
  UserId,
} from '#libs/protocol';
import type { Room } from './room.js';

/** The status of a session. `reconnecting`: the connection is lost, and the client opens another. `closed`: the session has ended. */
export type SessionStatus = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** The events of a session, each with the arguments of its listeners. */
export interface SessionEvents {
  status: [status: SessionStatus];
  /** The player has entered another room. Null: the player has left the room. */
  room: [room: Room | null];
  /** A message about the player's search: its progress, an offered match, or its end. */
  match: [message: MatchMessage];
  /** A change of the list of rooms to which this session has subscribed. `followRooms` of the entry point `lobby` handles this event. */
  rooms: [message: RoomsMessage];
  /** A chat message has arrived. The message may be a repeat, and earlier messages may be missing. `openChat` handles both cases. */
  chat: [message: ChatMessage];
  /** The server refused a message that is neither a command nor a request. */
  error: [error: HoldfastError];
  /** The session has ended. Null: this client closed it. */
  closed: [error: HoldfastError | null];
}

/** The settings of a new room. Only `game` is required. */
export interface CreateRoom extends RoomSettings {
  readonly game: string;
  /** Number of players, within the limits of the game. */
  readonly seats?: number;
  /** The password that players must give to join or watch the room. */
  readonly password?: string;
  /** The time by which spectators see the game later than its players, in ms. */
  readonly watchDelayMs?: number;
  /** The number of teams, and the maximum number of players in each. */
  readonly teams?: TeamRules;
  /**
   * The region of the game servers that may run the games of the room. Default: all regions. Placement then tries the region of the
   * player's gateway first.
   */
  readonly region?: string;
  /** The build of the game servers that may run the games, canaries included. Use it to try a new build. */
  readonly build?: string;
  /** The options of the games in this room. Each game defines its options, and the server refuses all others. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The room to enter: its id as a string, or an object with the id or the invite code, and a password if the room needs one. */
export type RoomAddress =
  | string
  | { readonly room: string; readonly password?: string }
  | { readonly code: string; readonly password?: string };

/**
 * A signal that cancels the request. After an abort, the promise stays pending until the server has answered. It then resolves with the
 * room if the player has already entered it. Otherwise it rejects with the reason of the signal.
 *
 * @example
 * const room = await session.quickMatch('chess', { signal: AbortSignal.timeout(30_000) });
 */
export interface GiveUpOptions {
  readonly signal?: AbortSignal;
}

/** The conditions of a search, in addition to the game. `docs/matchmaking.md` explains each field. */
export type QuickMatchOptions = Readonly<Omit<MatchWish, 'game'>>;

/** The credentials with which another connection can resume this session. Each resume replaces the secret. */
export interface Credentials {
  readonly session: SessionId;
  readonly secret: string;
}

/**
 * A logged-in player. A session outlives its connections: after the loss of a connection, the client connects to the next gateway. If the
 * answer to a request to enter a room was lost, the client requests the player's current room. If the player is not in the wanted room, the
 * request rejects with `server-lost`, and the caller may repeat it. The client itself repeats requests that only read.
 */
export interface Session {
  readonly id: SessionId;
  readonly user: UserId;
  readonly name: string;
  readonly status: SessionStatus;
  readonly credentials: Credentials;
  readonly room: Room | null;

  /** Returns the games that the fleet offers. */
  games(): Promise<GameInfo[]>;
  /** Returns at most `limit` public rooms that match the query. The server also limits the number of rooms, by default to 100. */
  rooms(query?: RoomListQuery): Promise<RoomSummary[]>;
  /**
   * Returns one page of the public rooms, newest first or in the order of `sort`. Pass `next` as `cursor` to get the next page. The last
   * page has no `next`. Each earlier page can also have fewer rooms than `limit`, even none.
   *
   * @example
   * let page = await session.roomsPage({ game: 'chess', filter: { status: 'waiting', free: { min: 1 } } });
   */
  roomsPage(query?: RoomListQuery & { readonly cursor?: string }): Promise<Operations['rooms.list']['result']>;
  /** Returns the player's current room, and the game for which the player searches. */
  me(): Promise<Operations['me']['result']>;
  /**
   * Creates a room and enters it. The player is its host.
   *
   * @throws `unknown-game`; `bad-data` for settings or options that the game does not accept; `already-in-room`; `unknown-region`
   */
  createRoom<Rules = unknown>(room: CreateRoom, options?: GiveUpOptions): Promise<Room<Rules>>;
  /**
   * Enters a room as a member. When its game runs and is joinable, the player also gets a seat.
   *
   * @throws `room-unknown`, `room-full`, `room-locked`, `room-playing`, `already-in-room`, `banned`; `password-needed`, `wrong-password`,
   * `invite-needed` and `invite-unknown` for private rooms
   */
  joinRoom<Rules = unknown>(room: RoomAddress, options?: GiveUpOptions): Promise<Room<Rules>>;
  /**
   * Enters a room as a spectator, who has no seat.
   *
   * @throws `room-unknown`, `no-spectators`, `already-in-room`, `banned`, and the refusals of a password as for `joinRoom`
   */
  watchRoom<Rules = unknown>(room: RoomAddress, options?: GiveUpOptions): Promise<Room<Rules>>;
  /**
   * Searches for a match. Resolves with the room of the match. `signal`: cancels the search. `party`: the members of this player's waiting
   * room search together. Rejects with `not-searching` when the server ends the search without a match. The event `match` reports the
   * progress and offered matches.
   */
  quickMatch<Rules = unknown>(game: string, options?: GiveUpOptions & QuickMatchOptions): Promise<Room<Rules>>;
  /** Accepts an offered match (`match` event `offered`). Rejects with `offer-unknown` when the offer has ended. */
  acceptMatch(offer: string): Promise<void>;
  /** Declines an offered match, which ends the search. */
  declineMatch(offer: string): Promise<void>;
  /** Returns the state of the player's search. Null: the player is not searching. */
  matchStatus(): Promise<MatchMessage | null>;

  /**
   * Sends a request for which this interface has no method. If the connection is lost, the client repeats the request only when a repeat is
   * harmless. Otherwise the promise rejects with `server-lost`.
   */
  request<Name extends OperationName>(operation: Name, data: Operations[Name]['data']): Promise<Operations[Name]['result']>;

  /** Calls `listener` for each event of this name. Returns a function that removes the listener. */
  on<Name extends keyof SessionEvents>(name: Name, listener: (...args: SessionEvents[Name]) => void): () => void;
  /** Ends the session. The player leaves the room immediately, without the grace. */
  close(): void;
  /** Closes the connection but not the session. Another client can resume the session with `credentials`. */
  detach(): void;
}
