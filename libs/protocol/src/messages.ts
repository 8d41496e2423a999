import type { ErrorBody } from './errors.js';
import type { RoomId, Seat, SessionId, UserId } from './ids.js';
import type { Patch } from './patch.js';

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL_BINARY = 'holdfast.v1.msgpack';
export const SUBPROTOCOL_JSON = 'holdfast.v1.json';

// ── From the player ────────────────────────────────────────────────────────────────────────────────────────────

/** The first message of every connection. One of: a guest's name, a token, or a session and its secret to resume. */
export interface Hello {
  kind: 'hello';
  protocol: number;
  /** Guest login (`AUTH=guest`): 1 to 32 characters. */
  name?: string;
  /** Token login (`AUTH=jwt`). */
  token?: string;
  /** Resume: both together. */
  session?: SessionId;
  secret?: string;
  /** With a resume: the room, the game in it, and the version that the client holds: it is sent only what came since. */
  room?: RoomId;
  round?: number;
  version?: number;
  /** The `epoch` of the `placed` under which that version came: so that a game which was wound back meanwhile is told as such. */
  epoch?: number;
}

export interface Request {
  kind: 'request';
  /** Chosen by the client, 0 to 2^32-1; its response carries the same. */
  id: number;
  operation: string;
  data?: unknown;
}

/** What a player asks the game in their room to do. */
export interface Command {
  kind: 'command';
  /** 1, 2, 3 … per seat. The room applies each at most once, in order. */
  seq: number;
  /**
   * Every command up to this seq is answered, as far as the client knows. The room accepts `seq` only when all
   * before it are answered or were seen, so that one lost on the way is never skipped. Left out: `seq - 1`.
   */
  settled?: number;
  name: string;
  data?: unknown;
}

/** Tells the room that the client holds this version; optional, saves sending. */
export interface Ack {
  kind: 'ack';
  version: number;
}

export interface Ping {
  kind: 'ping';
  nonce: number;
}

/** A goodbye on purpose: the session ends now, and its seat is given up without grace. */
export interface Bye {
  kind: 'bye';
}

export type PlayerMessage = Hello | Request | Command | Ack | Ping | Bye;

// ── To the player ──────────────────────────────────────────────────────────────────────────────────────────────

export interface Welcome {
  kind: 'welcome';
  protocol: number;
  session: SessionId;
  /** Resumes this session on a later connection; new with each welcome, the one before is then void. */
  secret: string;
  user: UserId;
  name: string;
  resumed: boolean;
  /** Which server this is, for support and tests. */
  server: string;
  /** The client pings after this much silence, and takes the connection for dead after twice as much. */
  pingMs: number;
}

export interface Response {
  kind: 'response';
  id: number;
  data?: unknown;
  error?: ErrorBody;
}

export interface RoomMember {
  user: UserId;
  name: string;
  seat: Seat;
  ready: boolean;
  /** False while the member has no connection. */
  here: boolean;
}

export type RoomStatus = 'waiting' | 'starting' | 'playing' | 'closed';

/** The lobby's view of a room. */
export interface RoomView {
  id: RoomId;
  game: string;
  name: string;
  status: RoomStatus;
  /** Grows with every change of this view. */
  rev: number;
  owner: UserId;
  seats: number;
  members: RoomMember[];
  /** How the last game in this room ended, once one has. */
  lastResult?: GameResult;
}

/** How a game ended: what the game said (`room.end(result)`), or why it could not end by itself. */
export interface GameResult {
  reason: 'finished' | 'server-lost' | 'abandoned' | 'operator' | 'game-failed' | 'orphaned' | 'unreadable';
  result?: unknown;
  /** Why, in a sentence for a person, where the game did not end by itself. */
  message?: string;
}

/** My room changed; `room: null` when I am in none (left, expired, closed). */
export interface RoomMessage {
  kind: 'room';
  room: RoomView | null;
  /** Why I am in none. */
  reason?: string;
}

/**
 * The game of my room runs. The refusals of my seat that the room still remembers follow (`rejected`), then a sync: in
 * this order, because a sync's `seq` answers every command up to it that was not refused.
 */
export interface Placed {
  kind: 'placed';
  room: RoomId;
  game: string;
  /** null for a spectator. */
  seat: Seat | null;
  /** Fencing token of the room's owner; grows with every owner. */
  epoch: number;
  /** Which game in this room it is, counted from 0: a `version` means something within one round only. */
  round: number;
  players: { seat: Seat; name: string }[];
  /** The highest command seq of this seat that the room has applied or refused; a client that is new numbers on from here. */
  seq: number;
  /**
   * The former owner was lost with changes that were not stored: the game was wound back from the version that the client
   * holds to `to`. What happened after `to` is undone, events included. A sync with the state as it is now follows.
   */
  rewound?: { from: number; to: number };
}

export interface GameEvent {
  version: number;
  name: string;
  data?: unknown;
}

/** The room's state: a snapshot, or the patches from `from` to `version`. Events are sent once each, in order. */
export interface Sync {
  kind: 'sync';
  version: number;
  /** The highest seq of this seat's commands that is applied at `version`: the acknowledgement. 0 for spectators. */
  seq: number;
  room: RoomId;
  /** The game's state as this seat may see it. Absent when `patches` are given. */
  state?: unknown;
  /** The version the patches start from. */
  from?: number;
  patches?: Patch[];
  events?: GameEvent[];
  /** True when events were missed that are no longer kept. */
  missed?: boolean;
}

/** The command `seq` was refused and changed nothing. */
export interface Rejected extends ErrorBody {
  kind: 'rejected';
  seq: number;
}

export interface Paused {
  kind: 'paused';
  room: RoomId;
  reason: string;
}

/** The game goes on; commands without an answer are to be sent again, with their old seqs. A sync follows. */
export interface Resumed {
  kind: 'resumed';
  room: RoomId;
  reason: string;
}

export interface Ended extends GameResult {
  kind: 'ended';
  room: RoomId;
}

export interface Pong {
  kind: 'pong';
  nonce: number;
}

/** Something was wrong with a message that has no id to answer to; the connection stays. */
export interface ErrorMessage extends ErrorBody {
  kind: 'error';
}

/** The connection is closed after this. */
export interface Goodbye {
  kind: 'goodbye';
  code: string;
  reason: string;
  /** Come back after this; absent: coming back will not help. */
  retryAfterMs?: number;
}

export type ServerMessage =
  | Welcome
  | Response
  | RoomMessage
  | Placed
  | Sync
  | Rejected
  | Paused
  | Resumed
  | Ended
  | Pong
  | ErrorMessage
  | Goodbye;
