import type { GameInfo, HoldfastError, Operations, RoomId, RoomSummary, SessionId, UserId } from '#libs/protocol';
import type { Room } from './room.js';

export type SessionStatus = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface SessionEvents {
  status: [status: SessionStatus];
  /** I am in another room now, or in none. */
  room: [room: Room | null];
  /** The server could not make sense of something we sent. */
  error: [error: HoldfastError];
  /** The session is over; null: we closed it ourselves. */
  closed: [error: HoldfastError | null];
}

export interface CreateRoom {
  readonly game: string;
  readonly name?: string;
  /** How many may play, within the game's own limits. */
  readonly seats?: number;
  /** Not listed, and not used for matches. */
  readonly private?: boolean;
  /** Only on servers of this region; without one, first on those of the gateway's own. */
  readonly region?: string;
  /** Only on servers of this build, also on those that take no others: how a new build is tried. */
  readonly build?: string;
}

/** What resumes this session over another connection; the secret is new after each resume. */
export interface Credentials {
  readonly session: SessionId;
  readonly secret: string;
}

/**
 * A player who said hello; outlives connections. When one is lost, another is opened, to the next gateway if there are
 * several, and everything goes on where it was. A request whose answer was lost with its connection rejects with
 * `server-lost`, which is worth another try; those that only read are repeated here.
 */
export interface Session {
  readonly id: SessionId;
  readonly user: UserId;
  readonly name: string;
  readonly status: SessionStatus;
  readonly credentials: Credentials;
  readonly room: Room | null;

  games(): Promise<GameInfo[]>;
  /** The newest public rooms, at most `limit` (the server has a limit of its own, 100 by default). */
  rooms(filter?: { game?: string; limit?: number }): Promise<RoomSummary[]>;
  /**
   * One page of the public rooms, newest first. `next`, given as `cursor`, leads to the page after it; absent on the last page.
   * A page may hold fewer rooms than `limit`, even none, although more follow.
   *
   * @example
   * let page = await session.roomsPage({ game: 'chess' });
   * while (page.next) page = await session.roomsPage({ game: 'chess', cursor: page.next });
   */
  roomsPage(filter?: { game?: string; limit?: number; cursor?: string }): Promise<{ rooms: RoomSummary[]; next?: string }>;
  me(): Promise<Operations['me']['result']>;
  createRoom<Rules = unknown>(room: CreateRoom): Promise<Room<Rules>>;
  joinRoom<Rules = unknown>(id: RoomId): Promise<Room<Rules>>;
  watchRoom<Rules = unknown>(id: RoomId): Promise<Room<Rules>>;
  /** Resolves when a partner is found; aborting gives up the search. `region`: where the game is to run, if it can. */
  quickMatch<Rules = unknown>(game: string, options?: { signal?: AbortSignal; region?: string }): Promise<Room<Rules>>;

  on<Name extends keyof SessionEvents>(name: Name, listener: (...args: SessionEvents[Name]) => void): () => void;
  /** Ends the session: the seat is given up at once. */
  close(): void;
  /** Drops the connection and keeps the session, to be resumed elsewhere with `credentials`. */
  detach(): void;
}
