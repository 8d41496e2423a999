import type { RoomId, ServerId, SessionId, UserId } from './ids.js';
import type { GameResult } from './messages.js';
import type { RoomOptions } from './operations.js';

/**
 * Position of a request in the order of all requests of one user. `turn` grows with each admission of the user by any gateway;
 * `number` grows with each request of that admission.
 */
export interface RequestOrder {
  readonly turn: number;
  readonly number: number;
}

/** Returns an order that is after every other request of the same admission. */
export function endOf(admission: number): RequestOrder {
  return { turn: admission, number: Number.MAX_SAFE_INTEGER };
}

export function isBefore(order: RequestOrder, other: RequestOrder): boolean {
  return order.turn < other.turn || (order.turn === other.turn && order.number < other.number);
}

/** The player who made a request. The gateway adds this to every request that it forwards. */
export interface Caller {
  readonly user: UserId;
  readonly name: string;
  readonly session: SessionId;
  readonly gateway: ServerId;
  /**
   * The room in which the gateway has the player. A lobby finds the room by it when Redis has lost the user's pointer; the room's record
   * decides.
   */
  readonly room?: { readonly id: RoomId; readonly watching: boolean };
  /**
   * The order of the request. A lobby that hung may process the request late. A request that is older than the user's last change of room
   * changes nothing. Absent: the request can never be late.
   */
  readonly asked?: RequestOrder;
}

/** A player's request on its way from a gateway to a lobby. */
export interface PlayerRequest {
  readonly caller: Caller;
  readonly data: unknown;
}

/** The room in which the player is after a request. The gateway binds the session to it. */
export interface Binding {
  readonly room: RoomId;
  readonly watching: boolean;
  /** The first revision of the room that contains the player. An older view of the room says nothing about this player. */
  readonly rev: number;
}

export interface PlayerAnswer {
  readonly data: unknown;
  /** The room in which the player is now. Absent: unchanged. Null: the player is in no room. */
  readonly binding?: Binding | null;
}

/** A room with the owner and epoch to which a request about it refers. */
export interface RoomTenure {
  readonly room: RoomId;
  readonly server: ServerId;
  readonly incarnation: number;
  readonly epoch: number;
}

/**
 * The requests and events between servers, by pattern. Operations of players (`rooms.create` and so on) are forwarded under their own
 * names.
 */
export interface Control {
  /**
   * Lobby → game server: open a room whose start is under way. Idempotent. `news` is the message that this call published about
   * the room's record. It is absent when the room had been opened before.
   */
  'room.open': {
    data: {
      room: RoomId;
      game: string;
      start: string;
      round: number;
      players: readonly { user: UserId; name: string }[];
      options?: RoomOptions;
    };
    answer: { epoch: number; news?: string };
  };
  /** Lobby → game server: validate the options of a room that is not created yet. `flaw`: why the game refuses them; null: it accepts them. */
  'game.check-options': { data: { game: string; options: RoomOptions }; answer: { flaw: string | null } };
  /**
   * Gateway → owner, event: attach these sessions to their rooms; from now on each `handle` on this link stands for one session.
   * The owner answers with `placed` and a sync, or with `room.detached`. Idempotent: the gateway sends it again when a link was
   * lost.
   */
  'room.attach': { data: { sessions: readonly AttachRequest[] }; answer: null };
  /**
   * Gateway → owner, event: stop sending to this handle until it is attached again. `away`: the session left this link. `left`:
   * the player left the room. `slow`: the connection does not keep up.
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
  /** Operator → owner: end the game. */
  'room.end': { data: { room: RoomId; result: GameResult }; answer: null };
  /** Server → server: asks for the time since the other server last wrote to Redis successfully, in ms. Null: it never did. */
  'store.status': { data: Record<string, never>; answer: { wroteMs: number | null } };
  /** Owner → gateway, event: this handle is not attached, or not any more. The gateway must read again where the room is. */
  'room.detached': { data: { handle: number; room: RoomId; epoch: number; reason: OwnerDetachReason }; answer: null };
  /**
   * Gateway → lobby, event: a member lost its connection or has one again. Of two such events, the one with the later order wins.
   */
  'member.presence': { data: { room: RoomId; user: UserId; here: boolean; asked?: RequestOrder }; answer: null };
  /**
   * Gateway → lobby: these users lost their connections with their gateway. `turns` are the admissions by that gateway. A user
   * with a later admission keeps searching for a match, and later requests of the old admission are refused. Idempotent.
   */
  'users.away': { data: { users: readonly UserId[]; turns?: readonly number[] }; answer: null };
  /** Gateway → lobby, event: a user who searches for a match has lost the connection. */
  'searcher.gone': { data: { user: UserId; asked?: RequestOrder }; answer: null };
  /**
   * Gateway → lobby: the user's session has ended for good. Every request ordered before `asked` is void, even one that a lobby
   * is still processing. `room`: the room that the user is in according to the gateway. The lobby uses it when Redis no longer stores
   * the user's room. Idempotent; the gateway repeats the request until a lobby has answered.
   */
  'user.gone': {
    data: { user: UserId; asked: RequestOrder; room?: { readonly id: RoomId; readonly watching: boolean } };
    answer: null;
  };
  /**
   * Gateway → lobby, event: a member will not return. `user.gone` has replaced it. It is still accepted, so that two versions can run side
   * by side.
   */
  'member.gone': { data: { room: RoomId; user: UserId; asked?: RequestOrder }; answer: null };
}

/** The request for the attachment of one session to the owner of its room. */
export interface AttachRequest {
  readonly room: RoomId;
  readonly epoch: number;
  readonly handle: number;
  readonly session: SessionId;
  readonly user: UserId;
  readonly watch: boolean;
  /** The number of the game in this room, counted from 0. */
  readonly round: number;
  /** The version of the state that the client has. Null: none. */
  readonly version: number | null;
  /** The epoch of the owner that sent this version. Null or absent: not known. */
  readonly versionEpoch?: number | null;
  /** True: the client reads compact syncs. Owners of an earlier version ignore it. */
  readonly compact?: boolean;
}

/**
 * Why a handle is not attached. `moved`: the room has migrated. `fenced`: the room has another owner with a higher epoch. `ended`: the game
 * has ended. `not-here`: this server does not own the room in this epoch. `forbidden`: the user has no seat and is not a spectator.
 */
export type OwnerDetachReason = 'moved' | 'fenced' | 'ended' | 'not-here' | 'forbidden';

/**
 * The result of an adoption. `adopted`: the server owns the room now. `elsewhere`: another server owns it, or nothing needs to be done.
 * `failed`: try again later.
 */
export type AdoptResult =
  | { readonly result: 'adopted'; readonly epoch: number }
  | { readonly result: 'elsewhere' }
  | { readonly result: 'failed'; readonly code: string };

export type ControlPattern = keyof Control;
