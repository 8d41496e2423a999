import type { LinkPeer } from '#libs/link';
import type { Binding, Claims, RequestOrder, RoomId, ServerMessage, SessionId, UserId } from '#libs/protocol';
import type { TicketHint } from '#libs/room-store';
import type { PlayerConnection } from '../transport/player-connection.js';
import { type AttachmentState, UNATTACHED } from './attachment-state.js';
import { type GameEnd, NOT_ENDED } from './game-end.js';

interface DelayedCommand {
  readonly frame: Buffer;
  readonly at: number;
}

const NONE: readonly NodeJS.Timeout[] = [];
const NO_REQUESTS: readonly number[] = [];
const NO_REQUEST: RequestOrder = { turn: 0, number: 0 };
const NO_ROOMS: GatewaySession['leftRooms'] = [];
const LEFT_ROOMS_MAX = 4;

/**
 * A session at this gateway. The gateway uses this data only for routing, and to restore a store that lost data. So the player loses
 * nothing when the gateway dies.
 */
export class GatewaySession {
  connection: PlayerConnection | null = null;
  binding: Binding | null = null;
  /** Only `OwnerAttachments` writes this field. */
  readonly attachment: AttachmentState = UNATTACHED;
  /** Only `GameEndNotifier` writes this field. */
  readonly gameEnd: GameEnd = NOT_ENDED;
  /**
   * The round that the client plays. `version` belongs to this round. Null: the client plays no game, or has received the end of the game.
   */
  round: number | null = null;
  /** The last version of the state that the client received. Null: the client has no state. */
  version: number | null = null;
  /** The epoch of the owner that sent `version`. Null: the epoch is unknown. */
  versionEpoch: number | null = null;
  delayedCommands: DelayedCommand[] = [];
  lobby: LinkPeer | null = null;
  /** The number of the session's last admission at this gateway. It is the first part of each `RequestOrder`. */
  admissionNumber = 0;
  /** The number of the last request since the last admission. */
  requestNumber = 0;
  requestsPending = 0;
  /** Numbers of the requests that a lobby has not answered yet. */
  unanswered: readonly number[] = NO_REQUESTS;
  /** A promise that resolves when the last `rooms.leave` was answered or has failed. It never rejects. Null: no leave is unanswered. */
  leaving: Promise<void> | null = null;
  /** The player's search for a match: its data and the order of its request. Null: the player is not searching. */
  search: { readonly data: unknown; readonly requestOrder: RequestOrder } | null = null;
  /**
   * The ticket of the player's search or of the party's search, with the time of the last check. Only `SearchChecks` and `PlayerRequests`
   * write this field.
   */
  ticket: (TicketHint & { readonly checkedAt: number }) | null = null;
  /** The latest ended ticket of the session. A late answer or message about this ticket has no effect. */
  endedTicket: string | null = null;
  /** The request order of the request that ended the last search, such as its cancel. */
  searchEndedBy: RequestOrder = NO_REQUEST;
  /**
   * The rooms that the session left last, with the time of each leave, in ms of the monotonic clock. The gateway repeats the leave after
   * the store fell back, because a room may contain the user again.
   */
  leftRooms: readonly { readonly room: RoomId; readonly rev: number; readonly at: number }[] = NO_ROOMS;
  /** Timers that run while the player has no connection. */
  graceTimers: readonly NodeJS.Timeout[] = NONE;
  /** True after `AWAY_AFTER_MS` without a connection. The other members then see the player as away. */
  isAway = false;
  /**
   * True when the session was removed from the table of this gateway. A late answer to a request must not bind such a session to a room.
   */
  isOver = false;
  /** The time at which the session came to this gateway, in ms of the monotonic clock. */
  readonly heldSince = performance.now();
  /** The hash of the player's current secret. The gateway needs the hash to restore the session in a store that lost it. */
  secretHash = '';

  constructor(
    readonly id: SessionId,
    readonly user: UserId,
    readonly name: string,
    /** The handle by which the links of this gateway identify the session. */
    readonly handle: number,
    /** The claims of the login. Undefined: the login has no claims. */
    readonly claims?: Claims,
  ) {}

  get room(): RoomId | null {
    return this.binding?.room ?? null;
  }

  get requestOrder(): RequestOrder {
    return { turn: this.admissionNumber, number: this.requestNumber };
  }

  /** Returns the request order of the next request of the session, or of another operation that must come after all earlier requests. */
  nextRequestOrder(): RequestOrder {
    this.requestNumber += 1;
    return this.requestOrder;
  }

  /**
   * Returns whether this session has left the room at this revision or a later one. The session remembers the last `LEFT_ROOMS_MAX` rooms
   * that it left.
   */
  hasLeft(room: RoomId, rev: number): boolean {
    return this.leftRooms.some((left) => left.room === room && rev <= left.rev);
  }

  /** @param rev the last revision of the room that this gateway knew. Undefined: the gateway knew no revision */
  recordLeftRoom(room: RoomId, rev = Number.POSITIVE_INFINITY): void {
    this.leftRooms = [{ room, rev, at: performance.now() }, ...this.leftRooms.slice(0, LEFT_ROOMS_MAX - 1)];
  }

  /**
   * Returns the request order just before the first unanswered request, so that all unanswered requests are later. If all requests are
   * answered, returns the request order of the last request.
   */
  lastAnswered(): RequestOrder {
    return this.unanswered.length === 0 ? this.requestOrder : { turn: this.admissionNumber, number: Math.min(...this.unanswered) - 1 };
  }

  /**
   * Returns the request order of the oldest request that may still have an effect. If no request can have an effect any more, returns the
   * request order of the next request.
   */
  firstOpen(): RequestOrder {
    const first = Math.min(...this.unanswered, this.search?.requestOrder.number ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(first) ? { turn: this.admissionNumber, number: first } : this.nextRequestOrder();
  }

  send(message: ServerMessage): void {
    this.connection?.send(message);
  }

  stopGraceTimers(): void {
    for (const timer of this.graceTimers) clearTimeout(timer);
    this.graceTimers = NONE;
    this.isAway = false;
  }
}

/** A `GatewaySession` whose readonly fields can be written. Only the classes that the comments of these fields name may use this type. */
export type WritableSession = { -readonly [Key in keyof GatewaySession]: GatewaySession[Key] };
