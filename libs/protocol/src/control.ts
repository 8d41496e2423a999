import type { RoomId, ServerId, SessionId, UserId } from './ids.js';
import type { GameResult } from './messages.js';

/**
 * When something was asked, in the order of one user's requests wherever they make them: the turn grows with each
 * admission by a gateway, the number with each request in it.
 */
export interface Asked {
  readonly turn: number;
  readonly number: number;
}

/** The last word of a turn, which nothing that is said in it comes after. */
export function endOf(turn: number): Asked {
  return { turn, number: Number.MAX_SAFE_INTEGER };
}

export function isBefore(asked: Asked, than: Asked): boolean {
  return asked.turn < than.turn || (asked.turn === than.turn && asked.number < than.number);
}

/** Who asks, as the gateway knows them: put beside every request that it passes on. */
export interface Caller {
  readonly user: UserId;
  readonly name: string;
  readonly session: SessionId;
  readonly gateway: ServerId;
  /** The room the gateway has them in: finds it where a store has lost its own pointer. The room's record decides. */
  readonly room?: { readonly id: RoomId; readonly watching: boolean };
  /** A lobby that hung may come to it late: what is older than the user's last move changes nothing. Absent: never late. */
  readonly asked?: Asked;
}

/** A player's request on its way from a gateway to a lobby. */
export interface PlayerRequest {
  readonly caller: Caller;
  readonly data: unknown;
}

/** What a lobby's answer changes about where the player is; the gateway binds the session by it. */
export interface Binding {
  readonly room: RoomId;
  readonly watching: boolean;
  /** The room's revision that has the player in it: a view of it older than this says nothing about them. */
  readonly rev: number;
}

export interface PlayerAnswer {
  readonly data: unknown;
  /** Absent: as before. Null: in no room. */
  readonly binding?: Binding | null;
}

/** Which owner and epoch a request about a room means. */
export interface RoomTenure {
  readonly room: RoomId;
  readonly server: ServerId;
  readonly incarnation: number;
  readonly epoch: number;
}

/** Requests and events between servers, by pattern. Players' operations (`rooms.create` …) travel as they are named. */
export interface Control {
  /**
   * Lobby → game server: take a room whose start is under way. Asking twice is asking once. `news`: what was published of its
   * record by that, which says what has become of it; absent when it had been taken before.
   */
  'room.open': {
    data: { room: RoomId; game: string; start: string; round: number; players: readonly { user: UserId; name: string }[] };
    answer: { epoch: number; news?: string };
  };
  /**
   * Gateway → owner, event: from now on each `handle` on this link is this session's place in its room. `placed` and a
   * sync follow, or `room.detached`. Asking twice is asking once; what was lost with a link is asked for again.
   */
  'room.attach': { data: { sessions: readonly AttachRequest[] }; answer: null };
  /**
   * Gateway → owner, event: the session is gone from this link (`away`), its player left the room (`left`), or its
   * connection does not keep up (`slow`): send nothing until it is attached again.
   */
  'room.detach': { data: { handle: number; gone: 'away' | 'left' | 'slow' }; answer: null };
  /** Recovery → game server: adopt these rooms. What became of each, in their order. */
  'room.adopt': { data: { rooms: readonly RoomTenure[] }; answer: { results: readonly AdoptResult[] } };
  /** Game server → game server: these rooms were handed to you; load them. */
  'room.load': { data: { rooms: readonly RoomTenure[] }; answer: { results: readonly AdoptResult[] } };
  /** Operator → owner: move one room, to a server of choice or a placed one. */
  'room.migrate': { data: { room: RoomId; to?: ServerId }; answer: { to: ServerId } };
  /** Operator → game server: take no more rooms, and give away all. `left`: how many could not be moved yet. */
  'server.drain': { data: Record<string, never>; answer: { moved: number; left: number } };
  /** Operator → game server: take rooms again; a drain that is under way ends where it is. */
  'server.reopen': { data: Record<string, never>; answer: null };
  /** Operator → owner: end the game. */
  'room.end': { data: { room: RoomId; result: GameResult }; answer: null };
  /** Server → server: how long ago a write of yours to the store succeeded last, in ms; null: none has. */
  'store.status': { data: Record<string, never>; answer: { wroteMs: number | null } };
  /** Owner → gateway, event: this handle is no more, or never was; look where the room is now. */
  'room.detached': { data: { handle: number; room: RoomId; epoch: number; reason: DetachReason }; answer: null };
  /** Gateway → lobby, event: a member's connection is gone or back; of two words the one that was said later holds. */
  'member.presence': { data: { room: RoomId; user: UserId; here: boolean; asked?: Asked }; answer: null };
  /**
   * Gateway → lobby: these users' connections are gone with their gateway; the turns they were admitted in, so that who
   * is back by then searches on, and what that gateway had said in them comes too late. Saying so twice is saying it once.
   */
  'users.away': { data: { users: readonly UserId[]; turns?: readonly number[] }; answer: null };
  /** Gateway → lobby, event: who looks for a match has no connection any more. */
  'searcher.gone': { data: { user: UserId; asked?: Asked }; answer: null };
  /**
   * Gateway → lobby: the user's session is over for good. Every request made before `asked` is void, also one that a
   * lobby still works on. `room`: where the gateway has the user, in case the store has lost its own pointer. Repeating
   * the request is harmless; the gateway does so until a lobby has answered.
   */
  'user.gone': {
    data: { user: UserId; asked: Asked; room?: { readonly id: RoomId; readonly watching: boolean } };
    answer: null;
  };
  /** Gateway → lobby, event: a member will not come back. Replaced by `user.gone`; kept for fleets of two versions. */
  'member.gone': { data: { room: RoomId; user: UserId; asked?: Asked }; answer: null };
}

/** A session that asks to be taken by its room's owner. */
export interface AttachRequest {
  readonly room: RoomId;
  readonly epoch: number;
  readonly handle: number;
  readonly session: SessionId;
  readonly user: UserId;
  readonly watch: boolean;
  /** Which game of the room it is. */
  readonly round: number;
  /** What the client holds already of it. */
  readonly version: number | null;
  /** The epoch of the owner that sent it that version; absent: not known. */
  readonly versionEpoch?: number | null;
}

/** `not-here`: this server does not own the room, in this epoch. `forbidden`: the user has no seat and does not watch. */
export type DetachReason = 'moved' | 'fenced' | 'ended' | 'not-here' | 'forbidden';

/** `adopted`: it owns the room now. `elsewhere`: somebody else does, or nobody needs to. `failed`: ask again later. */
export type AdoptResult =
  | { readonly result: 'adopted'; readonly epoch: number }
  | { readonly result: 'elsewhere' }
  | { readonly result: 'failed'; readonly code: string };

export type ControlPattern = keyof Control;
