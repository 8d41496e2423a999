import type { Claims } from './claims.js';
import type { RoomId, ServerId, SessionId, UserId } from './ids.js';
import type { GameResult, MatchMessage } from './messages.js';
import type { RoomListQuery, RoomOptions, RoomSummary } from './operations.js';

/**
 * Position of a request in the order of all requests of one user. `turn` grows with each admission of the user by any gateway;
 * `number` grows with each request of that admission.
 */
export interface RequestOrder {
  readonly turn: number;
  readonly number: number;
}

/** Returns an order that is later than every request of this admission. */
export function endOf(admission: number): RequestOrder {
  return { turn: admission, number: Number.MAX_SAFE_INTEGER };
}

export function isBefore(order: RequestOrder, other: RequestOrder): boolean {
  return order.turn < other.turn || (order.turn === other.turn && order.number < other.number);
}

/** The player who made a request. The gateway adds this object to every request that it forwards. */
export interface Caller {
  readonly user: UserId;
  readonly name: string;
  readonly session: SessionId;
  readonly gateway: ServerId;
  /** The claims of the player's login. Absent: the login had no claims. */
  readonly claims?: Claims;
  /**
   * The player's room according to the gateway. A lobby uses it when Redis has lost the user's room. The room's record decides whether the
   * user is a member.
   */
  readonly room?: { readonly id: RoomId; readonly watching: boolean };
  /**
   * The order of the request. A lobby that was suspended can handle requests late. So each lobby refuses a request that is older than the
   * user's last change of room. Absent: the order of the request is not checked.
   */
  readonly asked?: RequestOrder;
}

/** A player's request on its way from a gateway to a lobby. */
export interface PlayerRequest {
  readonly caller: Caller;
  readonly data: unknown;
}

/** The room in which the player is after a request. The gateway binds the session to this room. */
export interface Binding {
  readonly room: RoomId;
  readonly watching: boolean;
  /**
   * The first revision of the room that lists this player. A view with a lower revision is too old to show whether the player is in the
   * room.
   */
  readonly rev: number;
}

export interface PlayerAnswer {
  readonly data: unknown;
  /** The room in which the player is now. Absent: the request did not change the room. Null: the player is in no room. */
  readonly binding?: Binding | null;
  /**
   * The validated query of a list to which the player subscribes. The gateway sends the player the changes of this list. Absent: the
   * request was not a subscription.
   */
  readonly follow?: RoomListQuery;
}

/** A room with the owner and epoch that the sender of a request expects. */
export interface RoomTenure {
  readonly room: RoomId;
  readonly server: ServerId;
  readonly incarnation: number;
  readonly epoch: number;
}

/**
 * The requests and events between servers, by the name of the message. A gateway forwards operations of players (`rooms.create` and so on)
 * under their own names, so they are not listed here.
 */
export interface Control {
  /**
   * Lobby → game server: open a room whose start is under way. Idempotent. `news` is the message that this call published about the room's
   * record. `news` is absent when an earlier call had opened the room.
   */
  'room.open': {
    data: {
      room: RoomId;
      game: string;
      start: string;
      round: number;
      /**
       * The players, in the order of their seats. `team`: absent in a room without teams. `bot`: server code of the game plays the seat.
       */
      players: readonly { user: UserId; name: string; claims?: Claims; team?: number; bot?: true }[];
      options?: RoomOptions;
      /** The mode of the match. Absent: the room was made without a mode. */
      mode?: string;
    };
    answer: { epoch: number; news?: string };
  };
  /**
   * Gateway → lobby: read the first page of each query. Null in the answer: the page still has the given `tag`, so it has not changed. The
   * gateway received each query from a lobby (`PlayerAnswer.follow`).
   */
  'lists.read': {
    data: { queries: readonly { readonly query: RoomListQuery; readonly tag: string | null }[] };
    answer: { lists: readonly ({ readonly tag: string; readonly rooms: RoomSummary[] } | null)[] };
  };
  /**
   * Lobby → game server: validate the options of a room that is not created yet. `flaw`: the reason for which the game refuses the options.
   * Null: the game accepts them.
   */
  'game.check-options': { data: { game: string; options: RoomOptions }; answer: { flaw: string | null } };
  /**
   * Gateway → owner, event: attach these sessions to their rooms. From then on, each `handle` identifies one session on this link. The
   * owner answers with `placed` and a sync, or with `room.detached`. Idempotent: the gateway sends the event again after the loss of a
   * link.
   */
  'room.attach': { data: { sessions: readonly AttachRequest[] }; answer: null };
  /**
   * Gateway → owner, event: send nothing to this handle until the gateway attaches it again. `away`: the player has no connection to this
   * gateway any more. `left`: the player left the room. `slow`: the backlog of the connection is too large.
   */
  'room.detach': { data: { handle: number; gone: 'away' | 'left' | 'slow' }; answer: null };
  /** Recovery → game server: adopt these rooms. The results are in the order of the rooms. */
  'room.adopt': { data: { rooms: readonly RoomTenure[] }; answer: { results: readonly AdoptResult[] } };
  /** Game server → game server: load these rooms, which have migrated to the receiver. */
  'room.load': { data: { rooms: readonly RoomTenure[] }; answer: { results: readonly AdoptResult[] } };
  /** Operator → owner: migrate one room, to the given server or to one that placement chooses. */
  'room.migrate': { data: { room: RoomId; to?: ServerId }; answer: { to: ServerId } };
  /**
   * Operator → game server: take no new rooms and migrate all rooms away. `moved`: the number of rooms that migrated. `left`: the number of
   * rooms that could not be migrated yet.
   */
  'server.drain': { data: Record<string, never>; answer: { moved: number; left: number } };
  /** Operator → game server: take rooms again. A drain that is running stops. */
  'server.reopen': { data: Record<string, never>; answer: null };
  /**
   * Lobby → owner, event: a lobby has removed members of the room, so their seats become free. The event is only a hint. The record of the
   * room decides who is a member, and the owner also reads the record when the grace of a seat is over.
   */
  'room.members-removed': { data: { room: RoomId }; answer: null };
  /** Operator → owner: end the game. With `round`: only if the game with this number is running. */
  'room.end': { data: { room: RoomId; result: GameResult; round?: number }; answer: null };
  /** Server → server: return the time since your last successful write to Redis, in ms. Null: the server has never written to Redis. */
  'store.status': { data: Record<string, never>; answer: { wroteMs: number | null } };
  /** Operator → any server: describe the process of the server. */
  'server.inspect': {
    data: Record<string, never>;
    answer: {
      pid: number;
      /** The version of Node.js. */
      node: string;
      uptimeMs: number;
      heapBytes: number;
      storeAvailable: boolean;
      links: readonly { server: ServerId; incarnation: number; silent: boolean; backlogBytes: number }[];
    };
  };
  /** Operator → gateway: list the sessions at this gateway, by user id, after the user `after`. */
  'players.find': { data: ConnectedPlayerQuery; answer: FoundPlayers };
  /**
   * Operator → gateway: end this session, which is revoked in the store. `code`: the code of the goodbye. `ended`: false when this gateway
   * does not have the session.
   */
  'player.disconnect': { data: { session: SessionId; code: 'kicked' | 'suspended' }; answer: { ended: boolean } };
  /**
   * Owner → gateway, event: this handle is not attached, or is not attached any more. Except after `ended` and `forbidden`, the gateway
   * waits for the owner of the room and attaches the session again.
   */
  'room.detached': { data: { handle: number; room: RoomId; epoch: number; reason: OwnerDetachReason }; answer: null };
  /**
   * Gateway → lobby, event: a member has lost its connection, or is connected again. Of two events for one member, the event with the later
   * request order is valid. `claims`: the claims of the member's login. Null: the login had no claims. Absent: a gateway with an earlier
   * version of Holdfast sent the event.
   */
  'member.presence': { data: { room: RoomId; user: UserId; here: boolean; asked?: RequestOrder; claims?: Claims | null }; answer: null };
  /**
   * Gateway → lobby: these users have no connection any more, because their gateway died or lost their sessions. `turns` are the numbers of
   * their admissions by that gateway. A user with a later admission is not marked as away and keeps searching for a match. Idempotent.
   */
  'users.away': { data: { users: readonly UserId[]; turns?: readonly number[] }; answer: null };
  /**
   * Gateway → lobby: compare the searches of connected users with the tickets, because messages to players can be lost. `messages`: for
   * each search, the message that its player has missed, or the state of the search. Null: there is nothing to send.
   */
  'match.check': {
    data: { searches: readonly { user: UserId; game: string; ticket: string; asked?: RequestOrder }[] };
    answer: { messages: readonly (MatchMessage | null)[] };
  };
  /** Gateway → lobby, event: a user who searches for a match has lost the connection. */
  'searcher.gone': { data: { user: UserId; asked?: RequestOrder }; answer: null };
  /**
   * Gateway → lobby: the user's session has ended and cannot be resumed. Every request ordered before `asked` is void, even one that a
   * lobby is still processing. `room`: the room that the user is in according to the gateway. The lobby needs it when Redis has lost the
   * user's room. Idempotent: the gateway repeats the request until a lobby has answered.
   */
  'user.gone': {
    data: { user: UserId; asked: RequestOrder; room?: { readonly id: RoomId; readonly watching: boolean } };
    answer: null;
  };
  /**
   * Gateway → lobby, event: a member will not return. `user.gone` has replaced this event. Lobbies still accept the event, so that servers
   * with two versions of Holdfast can run at the same time.
   */
  'member.gone': { data: { room: RoomId; user: UserId; asked?: RequestOrder }; answer: null };
}

/** A query to one gateway for connected players. */
export interface ConnectedPlayerQuery {
  /** Part of the user id or name, or the beginning of the address. The comparison is case-insensitive. Absent: all players. */
  readonly text?: string;
  /** Only this user. Absent: all users. */
  readonly user?: UserId;
  /** Only users whose ids come after this id. Absent: the list begins with the first id. */
  readonly after?: string;
  readonly limit: number;
}

/** The sessions of one gateway that match a query. */
export interface FoundPlayers {
  /** Number of sessions at the gateway. */
  readonly total: number;
  /** Number of sessions that match the query, including those of users up to `after`. */
  readonly matched: number;
  /** The matching sessions, in the order of the user ids. */
  readonly players: readonly ConnectedPlayer[];
}

/** A session at a gateway, as operators see it. */
export interface ConnectedPlayer {
  readonly user: UserId;
  readonly name: string;
  readonly session: SessionId;
  readonly room: RoomId | null;
  readonly watching: boolean;
  readonly searching: boolean;
  /** Time for which the gateway has had this session, in ms. */
  readonly heldMs: number;
  /** The connection of the player. Null: it was lost, and the session waits for a resume. */
  readonly connection: { readonly transport: string; readonly address: string; readonly backlogBytes: number } | null;
}

/** A request to attach one session to the owner of its room. */
export interface AttachRequest {
  readonly room: RoomId;
  readonly epoch: number;
  readonly handle: number;
  readonly session: SessionId;
  readonly user: UserId;
  readonly watch: boolean;
  /** The number of the game in this room, counted from 0. */
  readonly round: number;
  /** The version of the state that the client has. Null: it has no state of this round. */
  readonly version: number | null;
  /** The epoch of the owner that sent the state of `version`. Null or absent: the epoch is not known. */
  readonly versionEpoch?: number | null;
  /** True: the client reads compact syncs. Owners with an earlier version of Holdfast ignore this field. */
  readonly compact?: boolean;
}

/**
 * The reason for which a handle is not attached. `moved`: the room has migrated. `fenced`: the room has another owner with a higher epoch.
 * `ended`: the game has ended. `not-here`: this server does not own the room in this epoch. `forbidden`: the user has no seat and is not a
 * spectator.
 */
export type OwnerDetachReason = 'moved' | 'fenced' | 'ended' | 'not-here' | 'forbidden';

/**
 * The result of an adoption. `adopted`: the server owns the room now. `elsewhere`: another server owns the room, or the room needs no
 * owner. `failed`: the room could not be adopted now, so the caller tries again later.
 */
export type AdoptResult =
  | { readonly result: 'adopted'; readonly epoch: number }
  | { readonly result: 'elsewhere' }
  | { readonly result: 'failed'; readonly code: string };

export type ControlPattern = keyof Control;
