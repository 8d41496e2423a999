import { Inject, Injectable, Optional } from '@nestjs/common';
import { HoldfastError, isBefore, type RequestOrder, type RoomId, type UserId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import { userKey } from './room-keys.js';
import { ROOM_STORE_OPTIONS, type RoomStoreOptions } from './room-store.options.js';

export interface UserRoom {
  readonly room: RoomId;
  readonly watching: boolean;
}

/** The conditions under which a user is moved to another room. Without conditions, no move is refused. */
export interface MoveTerms {
  /** The request that asks for the move. The move is refused when the user was moved or admitted after this request. */
  readonly asked?: RequestOrder;
  /**
   * True for a search for a match, which continues after a new admission. The move is then refused only when the user was moved after the
   * request.
   */
  readonly outlivesAdmissions?: boolean;
  /** The room that the user must be in. The move is refused when the user is in another room. */
  readonly from?: RoomId;
}

const overtaken = new URL('./scripts/user-overtaken.lua', import.meta.url);
const admitScript = new LuaScript('admit_user', new URL('./scripts/admit-user.lua', import.meta.url), 1);
const restoreUserScript = new LuaScript('restore_user', new URL('./scripts/restore-user.lua', import.meta.url), 1);
const renewAdmissionScript = new LuaScript('renew_admission', new URL('./scripts/renew-admission.lua', import.meta.url), 1);
const moveScript = new LuaScript('move_user', [overtaken, new URL('./scripts/move-user.lua', import.meta.url)], 1);
const leaveScript = new LuaScript('leave_user', [overtaken, new URL('./scripts/leave-user.lua', import.meta.url)], 1);
const departScript = new LuaScript('depart_user', [overtaken, new URL('./scripts/depart-user.lua', import.meta.url)], 1);
const enterMatchScript = new LuaScript('enter_match', [overtaken, new URL('./scripts/enter-match.lua', import.meta.url)], 1);
const noteTicketScript = new LuaScript('note_ticket', [overtaken, new URL('./scripts/note-ticket.lua', import.meta.url)], 1);
const forgetTicketScript = new LuaScript('forget_ticket', new URL('./scripts/forget-ticket.lua', import.meta.url), 1);
const overtakeScript = new LuaScript('overtake_user', [overtaken, new URL('./scripts/overtake-user.lua', import.meta.url)], 1);

/**
 * The matchmaking ticket of a user. It is a hint, because the tickets of a game are in another slot of a Cluster. The tickets of the game
 * decide whether this ticket still exists.
 */
export interface TicketHint {
  readonly ticket: string;
  readonly game: string;
}

/**
 * The room of a user, and whether a request that moved the user is late. Read this status after the request has written the room's record.
 */
export interface MoveStatus {
  readonly pointer: UserRoom | null;
  /**
   * True: the request is late, because the user has moved, has departed, or was admitted since. A later admission does not make a request
   * late that outlives admissions.
   */
  readonly isLate: boolean;
  /**
   * True: this request stored the room in `pointer`. False: another request stored `pointer`, possibly with the same room. Always true
   * without `asked`.
   */
  readonly isOwn: boolean;
}

/**
 * The result for a user whom a gateway restores. `written`: the store has the room that the gateway knows. `late`: nothing was written,
 * because another gateway has admitted the user since. `moved`: nothing was written, because a request that is possibly still under way
 * has moved the user. `before`: the room of the user before the call.
 */
export interface RestoredUser {
  readonly outcome: 'late' | 'written' | 'moved';
  readonly before: UserRoom | null;
}

const RESTORED: readonly RestoredUser['outcome'][] = ['late', 'written', 'moved'];

/** Time by which a user's record outlives a session, in seconds. After this time, the record of a user who does not return expires. */
const BEYOND_SESSION_SECONDS = 24 * 3600;

/**
 * Stores the room of each user (`pointer`). `pointer` is a hint: the room's record decides whether the user is a member. Also stores the
 * order of the user's last request across all gateways and lobbies. A request is *late*, and is refused, when a later request was executed
 * or the user was admitted since.
 */
@Injectable()
export class UserRooms {
  private readonly ttlSeconds: number;

  constructor(
    private readonly redis: RedisConnections,
    @Optional() @Inject(ROOM_STORE_OPTIONS) { sessionTtlMs = 0 }: Pick<RoomStoreOptions, 'sessionTtlMs'> = {},
  ) {
    this.ttlSeconds = BEYOND_SESSION_SECONDS + Math.ceil(sessionTtlMs / 1_000);
  }

  async get(user: UserId): Promise<UserRoom | null> {
    const [room, watching] = await this.redis.commands.hmget(userKey(user), 'room', 'watching');
    return pointerOf(room!, watching!);
  }

  /** Returns true when Redis has a record of the user without a room, and false when Redis has no record of the user. */
  async isInNoRoom(user: UserId): Promise<boolean> {
    const [turn, room] = await this.redis.commands.hmget(userKey(user), 'turn', 'room');
    return !!turn && !room;
  }

  /** Admits a user at a gateway. Returns the user's room, the user's ticket, and a new admission number for the request order. */
  async admit(
    user: UserId,
  ): Promise<{ readonly admissionNumber: number; readonly pointer: UserRoom | null; readonly ticket: TicketHint | null }> {
    const [turn, room, watching, ticket] = (await admitScript.run(this.redis.commands, [userKey(user)], [this.ttlSeconds])) as [
      string,
      string | null,
      string | null,
      string | null,
    ];
    return { admissionNumber: Number(turn), pointer: pointerOf(room, watching), ticket: hintOf(ticket) };
  }

  /** Returns the last ticket of the user. The tickets of the game decide whether this ticket still exists. */
  async ticketOf(user: UserId): Promise<TicketHint | null> {
    return hintOf(await this.redis.commands.hget(userKey(user), 'ticket'));
  }

  /**
   * Stores the ticket of a user. Call it before the ticket is added to the queue. Returns false when the search is late. The caller must
   * then not add the ticket.
   */
  async noteTicket(user: UserId, hint: TicketHint, order: RequestOrder | undefined): Promise<boolean> {
    const args = [textOf(hint), order?.turn ?? '', order?.number ?? '', this.ttlSeconds];
    return (await noteTicketScript.run(this.redis.commands, [userKey(user)], args)) === 1;
  }

  /**
   * Removes this ticket from the user's record, because it can no longer lead to a match. Changes nothing when the record has a later
   * ticket.
   */
  async forgetTicket(user: UserId, hint: TicketHint): Promise<void> {
    await forgetTicketScript.run(this.redis.commands, [userKey(user)], [textOf(hint)]);
  }

  /**
   * Moves a user from a search into the room of a match. Idempotent. Returns false when a later request has moved the user, or when the
   * user is a member of another room than `party`.
   *
   * @param ticket the search, and the waiting room of its party
   */
  async enterMatch(
    user: UserId,
    match: RoomId,
    order: RequestOrder | undefined,
    { id, party }: { readonly id: string; readonly party?: RoomId },
  ): Promise<boolean> {
    const args = [match, order?.turn ?? '', order?.number ?? '', party ?? '', this.ttlSeconds, id];
    return (await enterMatchScript.run(this.redis.commands, [userKey(user)], args)) === 1;
  }

  /** Returns the room of the user if the match of this ticket has moved the user into it. Null: the user is in another room, or in none. */
  async roomOfTicket(user: UserId, ticket: string): Promise<RoomId | null> {
    const [room, watching, matched] = await this.redis.commands.hmget(userKey(user), 'room', 'watching', 'matched');
    return room && watching !== '1' && matched === `${ticket} ${room}` ? (room as RoomId) : null;
  }

  /**
   * Restores the user's room in a store that lost the user's record, from the data of the session's gateway. `order`: the number of the
   * session's admission, and the number of its first request that is possibly still under way.
   */
  async restore(user: UserId, to: UserRoom | null, order: RequestOrder): Promise<RestoredUser> {
    const args = [to?.room ?? '', to?.watching ? '1' : '0', order.turn, order.number, this.ttlSeconds];
    const [code, room, watching] = (await restoreUserScript.run(this.redis.commands, [userKey(user)], args)) as [number, string, string];
    return { outcome: RESTORED[code]!, before: pointerOf(room, watching) };
  }

  /**
   * Renews the TTL of the users' records. Call it for connected users more often than once a day. Otherwise a player who stays in one room
   * for longer than a day would lose the room.
   */
  async renew(users: readonly UserId[]): Promise<void> {
    await Promise.all(users.map((user) => this.redis.commands.expire(userKey(user), this.ttlSeconds)));
  }

  /** Gives a new admission number to a user whose last admission was `admission`. Null: the user was admitted again since. */
  async renewAdmission(user: UserId, admission: number): Promise<number | null> {
    const renewed = await renewAdmissionScript.run(this.redis.commands, [userKey(user)], [admission, this.ttlSeconds]);
    return renewed === null ? null : Number(renewed);
  }

  /** Moves the user to a room, or out of the present room (null). Returns false, without a change, when a condition is not met. */
  async move(user: UserId, to: UserRoom | null, { asked: order, outlivesAdmissions, from }: MoveTerms = {}): Promise<boolean> {
    const where = [to?.room ?? '', to?.watching ? '1' : '0', order?.turn ?? '', order?.number ?? ''];
    const terms = [from ?? '', outlivesAdmissions ? '1' : '', this.ttlSeconds];
    return (await moveScript.run(this.redis.commands, [userKey(user)], [...where, ...terms])) === 1;
  }

  /**
   * Removes the user from the room, and voids all older requests of the user. Returns false when this request is itself late, because the
   * user has returned to the room by a later one.
   */
  async leave(user: UserId, room: RoomId, order: RequestOrder | undefined): Promise<boolean> {
    const args = [room, order?.turn ?? '', order?.number ?? '', this.ttlSeconds];
    return (await leaveScript.run(this.redis.commands, [userKey(user)], args)) === 1;
  }

  /**
   * Removes a user whose session is over from any room, and voids all older requests of the user. Returns the room in which the user was,
   * also for a repeated call. `late`: the user was admitted or moved since, and nothing has changed.
   */
  async depart(user: UserId, order: RequestOrder): Promise<UserRoom | null | 'late'> {
    const answer = await departScript.run(this.redis.commands, [userKey(user)], [order.turn, order.number, this.ttlSeconds]);
    if (answer === null) return 'late';
    const [room, watching] = answer as [string, string];
    return pointerOf(room, watching);
  }

  /** Returns the user's room, and whether a request that moved the user is late. Call it after the request has written the room record. */
  async moveStatus(
    user: UserId,
    { asked: order, outlivesAdmissions }: Pick<MoveTerms, 'asked' | 'outlivesAdmissions'>,
  ): Promise<MoveStatus> {
    const fields = ['room', 'watching', 'by', 'turn', 'movedTurn', 'movedNumber'] as const;
    const [room, watching, by, turn, movedTurn, movedNumber] = await this.redis.commands.hmget(userKey(user), ...fields);
    const isMovedSince = order !== undefined && isBefore(order, { turn: Number(movedTurn), number: Number(movedNumber) });
    const isAdmittedSince = order !== undefined && !outlivesAdmissions && order.turn < Number(turn);
    // A record that an older version of Holdfast wrote does not name the request that moved the user (`by`). This request then counts as
    // the one that moved the user.
    const isOwn = order === undefined || by === null || by === `${order.turn}:${order.number}`;
    return { pointer: pointerOf(room!, watching!), isLate: isMovedSince || isAdmittedSince, isOwn };
  }

  /** Voids all older requests of the user. Returns false when this request is itself older than the user's last move or admission. */
  async overtake(user: UserId, order: RequestOrder | undefined): Promise<boolean> {
    if (!order) return true;
    return (await overtakeScript.run(this.redis.commands, [userKey(user)], [order.turn, order.number, this.ttlSeconds, ''])) === 1;
  }

  /**
   * Voids all older requests, as `overtake` does, if the user is in no room or is a spectator. Otherwise returns the user's room and
   * changes nothing.
   */
  async overtakeIfFree(user: UserId, order: RequestOrder | undefined): Promise<boolean | RoomId> {
    const args = [order?.turn ?? '', order?.number ?? '', this.ttlSeconds, '1'];
    const answer = (await overtakeScript.run(this.redis.commands, [userKey(user)], args)) as number | RoomId;
    return typeof answer === 'number' ? answer === 1 : answer;
  }

  /**
   * Refuses a late request. Call it before a conditional write.
   *
   * @throws `overtaken` when the user has moved, or was admitted, since the request
   */
  async refuseLate(user: UserId, order: RequestOrder | undefined): Promise<void> {
    if (!order) return;
    const [turn, movedTurn, movedNumber] = await this.redis.commands.hmget(userKey(user), 'turn', 'movedTurn', 'movedNumber');
    const isLate = order.turn < Number(turn) || isBefore(order, { turn: Number(movedTurn), number: Number(movedNumber) });
    if (isLate) throw new HoldfastError('overtaken');
  }

  /**
   * Refuses a late request that would remove the user from a room.
   *
   * @throws `overtaken` when the user is in this room, and has moved or was admitted since the request
   */
  async refuseReturned(user: UserId, room: RoomId, order: RequestOrder | undefined): Promise<void> {
    if ((await this.get(user))?.room === room) await this.refuseLate(user, order);
  }

  /**
   * Returns the order of the last request that moved the user, or of the last admission if it is later. A later move or admission makes
   * requests with this order late.
   */
  async lastRequestOrder(user: UserId): Promise<RequestOrder> {
    const [turn, movedTurn, movedNumber] = await this.redis.commands.hmget(userKey(user), 'turn', 'movedTurn', 'movedNumber');
    return Number(movedTurn) >= Number(turn) ? { turn: Number(movedTurn), number: Number(movedNumber) } : { turn: Number(turn), number: 0 };
  }

  /** Writes the user's room without a condition, for a store that lost the user's record. */
  async set(user: UserId, room: RoomId, watching: boolean): Promise<void> {
    await this.move(user, { room, watching });
  }

  async clear(user: UserId): Promise<void> {
    await this.move(user, null);
  }
}

function textOf({ ticket, game }: TicketHint): string {
  return `${ticket} ${game}`;
}

function hintOf(text: string | null): TicketHint | null {
  const [, ticket, game] = /^(\S+) (.+)$/.exec(text ?? '') ?? [];
  return ticket !== undefined && game !== undefined ? { ticket, game } : null;
}

function pointerOf(room: string | null, watching: string | null): UserRoom | null {
  return room ? { room: room as RoomId, watching: watching === '1' } : null;
}
