import type { ErrorBody } from './errors.js';
import type { RoomId, Seat, SessionId, UserId } from './ids.js';
import type { RoomSummary, TeamRules, WatchPolicy } from './operations.js';
import type { Patch } from './patch.js';

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL_BINARY = 'holdfast.v1.msgpack';
export const SUBPROTOCOL_JSON = 'holdfast.v1.json';
/** The subprotocol for messages in binary form that may also contain compact syncs. */
export const SUBPROTOCOL_COMPACT = 'holdfast.v1.compact';

// ── Messages from the player ────────────────────────────────────────────────────────────────────────────────────────────

/** The first message of every connection. It contains a guest's name, or a token, or a session with its secret. */
export interface Hello {
  kind: 'hello';
  protocol: number;
  /** The player's name in a guest login (`AUTH=guest`): 1 to 32 characters. */
  name?: string;
  /** The token of a token login (`AUTH=jwt`). */
  token?: string;
  /** The session to resume. A resume has both `session` and `secret`. */
  session?: SessionId;
  secret?: string;
  /** For a resume: the room of the client's last state. If `round` and `version` also match, the server sends only later changes. */
  room?: RoomId;
  /** For a resume: the round of the client's last state. */
  round?: number;
  /** For a resume: the version of the state that the client has. */
  version?: number;
  /**
   * The `epoch` of the last `placed` that the client received before `version`. With it, the server detects that the game was rewound after
   * that version.
   */
  epoch?: number;
  /**
   * True: the client reads compact syncs. For TCP only. Over a WebSocket the client offers the subprotocol `holdfast.v1.compact` instead.
   */
  compact?: boolean;
}

export interface Request {
  kind: 'request';
  /** A number from 0 to 2^32-1 that the client chooses. The response has the same id. */
  id: number;
  operation: string;
  data?: unknown;
}

/** A player's command to the game in the player's room. */
export interface Command {
  kind: 'command';
  /** The number of the command, counted from 1 for each seat. The room applies each command at most once, in order. */
  seq: number;
  /**
   * The client has received the answers to all commands up to this number. The room accepts the command `seq` only if it has received all
   * commands between this number and `seq`. So the room never skips a command that was lost on the way. Default: `seq - 1`.
   */
  settled?: number;
  name: string;
  data?: unknown;
}

/**
 * The keys or buttons that a player holds down right now. The room's steps sample the latest player input. Servers never answer this
 * message, and may drop it.
 */
export interface Input {
  kind: 'input';
  /** The number of the player input, counted from 1 for each seat and game. After a resume the numbers continue. */
  number: number;
  data?: unknown;
}

/** Reports the version of the state that the client has. Gateways accept this message and ignore it. */
export interface Ack {
  kind: 'ack';
  version: number;
}

export interface Ping {
  kind: 'ping';
  nonce: number;
}

/** Ends the session. The player's seat becomes free immediately, without the grace. */
export interface Bye {
  kind: 'bye';
}

export type PlayerMessage = Hello | Request | Command | Input | Ack | Ping | Bye;

// ── Messages to the player ──────────────────────────────────────────────────────────────────────────────────────────────

export interface Welcome {
  kind: 'welcome';
  protocol: number;
  session: SessionId;
  /**
   * The secret with which the client resumes this session on a later connection. Each welcome has a new secret. The previous one becomes
   * invalid once the client has sent another message.
   */
  secret: string;
  user: UserId;
  name: string;
  resumed: boolean;
  /** The id of the gateway, for support and tests. */
  server: string;
  /** The client sends a ping when it has received nothing for this time, in ms, and treats the connection as dead after twice this time. */
  pingMs: number;
  /**
   * The time for which the session exists without a connection, in ms. Servers with an earlier version of Holdfast do not send this field.
   */
  sessionMs?: number;
}

export interface Response {
  kind: 'response';
  id: number;
  data?: unknown;
  error?: ErrorBody;
}

/** A member of a room. Spectators are not members. */
export interface RoomMember {
  user: UserId;
  name: string;
  seat: Seat;
  ready: boolean;
  /** False while the member has no connection. */
  here: boolean;
  /** The team of the member, counted from 0. Absent: the room has no teams. */
  team?: number;
}

/**
 * The status of a room in the lobby. `waiting`: no game runs. `starting`: a game server is being found. `closed`: the room does not exist
 * any more.
 */
export type RoomStatus = 'waiting' | 'starting' | 'playing' | 'closed';

/** The lobby's view of a room. */
export interface RoomView {
  id: RoomId;
  game: string;
  name: string;
  status: RoomStatus;
  /** The revision of this view. It grows with every change of the view. */
  rev: number;
  owner: UserId;
  seats: number;
  members: RoomMember[];
  /** The options with which the room was created. Absent: it was created without options. */
  options?: Readonly<Record<string, unknown>>;
  /**
   * The reason for which the last start of a game failed, such as `load-failed` or a code of the game. The next start removes this field.
   */
  startFailure?: { readonly code: string; readonly message: string };
  /** The result of the last game in this room. Absent: no game has ended yet. */
  lastResult?: GameResult;
  /** True: the room is not in the list of rooms, and matchmaking does not fill it. */
  private?: true;
  /** The invite code of the room. Only members see it. Absent: the room has none. */
  code?: string;
  /** True: a player needs the invite code to join. */
  inviteOnly?: true;
  /** True: players need a password to join or watch. */
  password?: true;
  /** True: the host has locked the room, so nobody may join. */
  locked?: true;
  /** The players who may watch. Absent: anyone. */
  watch?: WatchPolicy;
  /** Time by which spectators see the game later than its players, in ms. Absent: no delay. */
  watchDelayMs?: number;
  /** True: spectators receive the chat of the room, and may write to it. */
  spectatorChat?: true;
  teams?: TeamRules;
  /** The users who may not join or watch the room. Only members see this list. Absent: nobody is banned. */
  banned?: { user: UserId; name?: string }[];
}

/**
 * The result of a game that ranks its seats. `ranking`: for each place, the seats that share it, beginning with the first place. `scores`:
 * the points of each seat.
 */
export interface RankedResult {
  ranking: Seat[][];
  scores?: number[];
}

/** The end of a game, with the result from the game (`room.end(result)`) or the reason for which the game was ended. */
export interface GameResult {
  reason: 'finished' | 'server-lost' | 'abandoned' | 'operator' | 'game-failed' | 'orphaned' | 'unreadable';
  result?: unknown;
  /** A sentence for people that explains `reason`. Absent when the game ended itself (`finished`). */
  message?: string;
}

/** The reason for which a player is in no room any more. `docs/protocol.md` explains each reason. */
export const LEFT_REASONS = [
  'left',
  'gone',
  'not-in-room',
  'empty',
  'room-expired',
  'room-unknown',
  'kicked',
  'banned',
  'no-spectators',
  'closed',
] as const;
export type LeftReason = (typeof LEFT_REASONS)[number];

/** The player's room changed. `room` is null when the player is in no room. */
export interface RoomMessage {
  kind: 'room';
  room: RoomView | null;
  /** The reason for which the player is in no room any more. Present only when `room` is null. */
  reason?: LeftReason;
}

/**
 * The list of rooms to which this connection has subscribed (`rooms.list`) has changed. `rooms` is the whole new list. Without `rooms`, the
 * other fields are the changes since the previous message or answer.
 */
export interface RoomsMessage {
  kind: 'rooms';
  /** The id of the request that subscribed. A message of an earlier subscription has another id. */
  id: number;
  rooms?: RoomSummary[];
  added?: RoomSummary[];
  changed?: RoomSummary[];
  removed?: RoomId[];
  /**
   * The order of the list after this message. Absent: the added rooms come first, in the order of `added`, and all other rooms keep their
   * order.
   */
  order?: RoomId[];
}

/** A seat of a running game, with its current or last player or bot. */
export interface RoomPlayerInfo {
  seat: Seat;
  name: string;
  /** True: server code of the game plays this seat. */
  bot?: true;
  /** The team of the seat, counted from 0. Absent: the room has no teams. */
  team?: number;
}

/**
 * The players of the running game changed, because somebody took a seat. This list replaces the list in `placed`. The message follows the
 * sync with the change.
 */
export interface Players {
  kind: 'players';
  room: RoomId;
  players: RoomPlayerInfo[];
}

/**
 * The game of the player's room runs. The server next sends the stored refusals of this seat's commands (`rejected`), and then a sync. The
 * refusals come first, because the `seq` of the sync acknowledges every earlier command without a refusal as applied.
 */
export interface Placed {
  kind: 'placed';
  room: RoomId;
  game: string;
  /** The version of the game's rules (`version` of `@Game`). Absent: the server has an earlier version of Holdfast. */
  gameVersion?: number;
  /** The seat of this player. Null: the session is a spectator. */
  seat: Seat | null;
  /** Fencing token of the room's owner. It grows with every new owner. */
  epoch: number;
  /** The number of the game in this room, counted from 0. Versions of two rounds cannot be compared. */
  round: number;
  players: RoomPlayerInfo[];
  /** The highest command seq of this seat that the room has applied or refused. A new client gives its first command the next number. */
  seq: number;
  /**
   * The last owner crashed before it had stored all changes. The game was rewound to version `to`, which is older than the client's
   * version. Everything after `to` is undone, events included. A sync with the current state follows.
   */
  rewound?: { from: number; to: number };
}

/** An event of a game, from `room.emit`. `version`: the version of the state to which it belongs. */
export interface GameEvent {
  version: number;
  name: string;
  data?: unknown;
}

/** The room's state: a snapshot, or the patches from `from` to `version`. Each event is sent once, in order. */
export interface Sync {
  kind: 'sync';
  version: number;
  /** Acknowledgement: the highest seq of this seat's commands that is applied at `version`. 0 for spectators. */
  seq: number;
  room: RoomId;
  /** The game's state as this seat may see it. Absent when `patches` are given. */
  state?: unknown;
  /** The version to which `patches` apply. Absent: the sync is a snapshot. */
  from?: number;
  patches?: Patch[];
  events?: GameEvent[];
  /** True when the client missed events that the server no longer has. */
  missed?: boolean;
}

/**
 * A sync in compact form, for clients that read it. It belongs to the room of the last `placed`. It has either `state`, or `from` and
 * `patch`, in the form of `docs/state-patch.md`.
 */
export interface CompactSync {
  kind: 'compact';
  /** The acknowledgement, as in `Sync`: the highest seq of this seat's commands that is applied at `version`. */
  seq: number;
  /** The number of this seat's latest player input that the steps up to `version` have sampled. 0: they have sampled none. */
  input: number;
  version: number;
  /**
   * The version of the last change of the state before this sync. The patch applies to the state of this version, and of every later
   * version below `version`. If the client already has `version`, only an empty patch can be applied.
   */
  from?: number;
  /**
   * The room time of the last change of the state up to `version`, in ms. With it, the client sets its clock of the room. Present only in
   * games with steps, in the first sync after a `placed`.
   */
  time?: number;
  /** The room time that has passed between version `from` and this sync, in ms. A sync has either this field or `time`. */
  elapsed?: number;
  /** The hash of the state after this sync, as this seat sees it (`hashValue`). */
  hash?: number;
  events?: GameEvent[];
  /** True when the client missed events that the server no longer has. */
  missed?: boolean;
  /** The whole state. */
  state?: Uint8Array;
  /** The patch from version `from` to `version`. Empty: the state did not change. */
  patch?: Uint8Array;
}

/** The command with the number `seq` was refused and changed nothing. */
export interface Rejected extends ErrorBody {
  kind: 'rejected';
  seq: number;
}

/** The reason for a pause of a room. `docs/protocol.md` explains each reason. */
export const PAUSE_REASONS = ['server-lost', 'server-silent', 'moving', 'store'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

/**
 * The reason for the end of a pause. `owner`: the room's server answers again, or another server owns the room. `store`: the room's server
 * can write to Redis again.
 */
export const RESUME_REASONS = ['owner', 'store'] as const;
export type ResumeReason = (typeof RESUME_REASONS)[number];

export interface Paused {
  kind: 'paused';
  room: RoomId;
  reason: PauseReason;
}

/** The game continues. The client sends its unanswered commands again, with their old seqs. A sync follows. */
export interface Resumed {
  kind: 'resumed';
  room: RoomId;
  reason: ResumeReason;
}

export interface Ended extends GameResult {
  kind: 'ended';
  room: RoomId;
}

/**
 * The reason for which a search is over without a match. `cancelled`: the player, or the host of the party, cancelled it. `party-changed`:
 * a member joined or left the party. `declined`: a player of the ticket declined an offered match, or did not answer in time.
 * `entered-room`: the player entered a room. `gone`: the player was away for too long. `timed-out`: the search reached its maximum time.
 * `lost`: Redis lost the search. `no-game`: no server offers the game any more.
 */
export const MATCH_END_REASONS = [
  'cancelled',
  'party-changed',
  'declined',
  'entered-room',
  'gone',
  'timed-out',
  'lost',
  'no-game',
] as const;
export type MatchEndReason = (typeof MATCH_END_REASONS)[number];

/** The state of a search: its age, its position and an estimate of the remaining time. Every field is a hint. */
export interface MatchProgress {
  /** The time for which the search has waited, in ms. */
  waitedMs: number;
  /** The position in the queue of the game, counted from 1. */
  place: number;
  /** The number of players who wait for the game. */
  waiting: number;
  /** An estimate of the remaining time, from recent matches, in ms. Absent: there was no recent match. */
  estimateMs?: number;
  /**
   * The largest difference of ratings that the search accepts now, in points. Absent: it accepts any difference, because the game has no
   * ratings or the player has waited long.
   */
  window?: number;
  /** A sentence for people that explains why the search takes long. */
  reason?: string;
}

/**
 * A message about the player's search for a match. `ticket` names the search, which is one search for all members of a party. Every search
 * ends with `matched`, `cancelled` or `expired`. After `matched`, the `room` message follows.
 */
export type MatchMessage = { kind: 'match'; game: string; ticket: string } & (
  | ({
      event: 'searching';
      /** True: the search continues after an offered match that another player did not accept, or after a match that failed. */
      returned?: true;
      /** True: a member of the ticket has no connection, so matchmaking makes no match with this ticket now. */
      paused?: true;
    } & Partial<MatchProgress>)
  | {
      event: 'offered';
      /** The id to pass to `match.accept` and `match.decline`. */
      offer: string;
      /** The remaining time to answer, in ms. */
      acceptMs: number;
      /** The number of players of the match. */
      players: number;
      /** The number of players who have accepted the match. */
      accepted: number;
    }
  | { event: 'matched'; room: RoomId }
  | { event: 'cancelled'; reason: MatchEndReason }
  | {
      event: 'expired';
      reason: MatchEndReason;
    }
);
/** One message in a chat, as the server stores it. */
export interface ChatEntry {
  /**
   * The position of the message in its channel. It grows by one with each message. The first position in a channel is the store time in ms
   * since 1970, so that the positions still grow after Redis has lost the messages of a channel.
   */
  seq: number;
  user: UserId;
  /** The name of the user when the message was sent. */
  name: string;
  /** The store time at which the server accepted the message, in ms since 1970. */
  time: number;
  text: string;
}

/**
 * A new message in a chat. It has `room` in the chat of a room, and `lobby` in the chat of the lobby of a game. Ignore a message whose
 * `seq` is not above the last received `seq`. When `seq` skips a number, read the missing messages with `chat.history`.
 */
export interface ChatMessage extends ChatEntry {
  kind: 'chat';
  room?: RoomId;
  /** The game in whose lobby the message was sent. */
  lobby?: string;
}

export interface Pong {
  kind: 'pong';
  nonce: number;
}

/** An error about a message of the client that has no id, such as a frame of an unknown kind. The connection stays open. */
export interface ErrorMessage extends ErrorBody {
  kind: 'error';
}

/** The server closes the connection after this message. */
export interface Goodbye {
  kind: 'goodbye';
  code: string;
  reason: string;
  /**
   * The client may reconnect after this time, in ms. Absent: the server would refuse the client again, so the client should not reconnect.
   */
  retryAfterMs?: number;
}

export type ServerMessage =
  | Welcome
  | Response
  | RoomMessage
  | RoomsMessage
  | Placed
  | Players
  | Sync
  | Rejected
  | Paused
  | Resumed
  | Ended
  | MatchMessage
  | ChatMessage
  | Pong
  | ErrorMessage
  | Goodbye;
