import { Injectable } from '@nestjs/common';
import { HoldfastError, isBefore, type RequestOrder, type RoomId, type UserId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import { userKey } from './room-keys.js';

export interface UserRoom {
  readonly room: RoomId;
  readonly watching: boolean;
}

/** What a move must hold against; nothing of it: it is made in any case. */
export interface MoveTerms {
  /** The request that asks for it: refused when the user has moved, or was admitted, since. */
  readonly asked?: RequestOrder;
  /** A search for a match goes on over admissions: only where the user moved since is it refused. */
  readonly outlivesAdmissions?: boolean;
  /** Refused when they are in another room than this. */
  readonly from?: RoomId;
}

const overtaken = new URL('./scripts/user-overtaken.lua', import.meta.url);
const admitScript = new LuaScript('admit_user', new URL('./scripts/admit-user.lua', import.meta.url), 1);
const restoreUserScript = new LuaScript('restore_user', new URL('./scripts/restore-user.lua', import.meta.url), 1);
const renewTurnScript = new LuaScript('renew_turn', new URL('./scripts/renew-turn.lua', import.meta.url), 1);
const moveScript = new LuaScript('move_user', [overtaken, new URL('./scripts/move-user.lua', import.meta.url)], 1);
const leaveScript = new LuaScript('leave_user', [overtaken, new URL('./scripts/leave-user.lua', import.meta.url)], 1);
const departScript = new LuaScript('depart_user', [overtaken, new URL('./scripts/depart-user.lua', import.meta.url)], 1);
const overtakeScript = new LuaScript('overtake_user', [overtaken, new URL('./scripts/overtake-user.lua', import.meta.url)], 1);

/** Where a user is once a request that sent them to a room has written the room's record. */
export interface Standing {
  readonly pointer: UserRoom | null;
  /** The user has moved, left for good or (unless the request outlives admissions) was admitted since the request. */
  readonly isLate: boolean;
  /** The pointer was written by this request, not by a later one that leads to the same room. */
  readonly isOwn: boolean;
}

/**
 * What the store said of a user whom a gateway wrote again: `late`, they were admitted elsewhere since; `written`; `moved`, a request
 * that may still be under way has moved them. `before`: where the store had them.
 */
export interface RestoredUser {
  readonly outcome: 'late' | 'written' | 'moved';
  readonly before: UserRoom | null;
}

const RESTORED: readonly RestoredUser['outcome'][] = ['late', 'written', 'moved'];

/** A pointer outlives any game, and a user who never comes back costs nothing for ever. */
const POINTER_TTL_SECONDS = 24 * 3600;

/**
 * Which room a user is in: a hint that finds the room; whether they really are in it, the room's record says. And what
 * they asked for last, in an order that holds over gateways and lobbies: who comes late with an older wish is refused.
 */
@Injectable()
export class UserRooms {
  constructor(private readonly redis: RedisConnections) {}

  async get(user: UserId): Promise<UserRoom | null> {
    const [room, watching] = await this.redis.commands.hmget(userKey(user), 'room', 'watching');
    return pointerOf(room, watching);
  }

  /** True: Redis knows the user, and that the user is in no room. False as well when it has no record of the user any more. */
  async isInNoRoom(user: UserId): Promise<boolean> {
    const [turn, room] = await this.redis.commands.hmget(userKey(user), 'turn', 'room');
    return !!turn && !room;
  }

  /** The user comes in at a gateway: a turn of their own for what they ask there, and where they are. */
  async admit(user: UserId): Promise<{ readonly turn: number; readonly pointer: UserRoom | null }> {
    const [turn, room, watching] = (await admitScript.run(this.redis.commands, [userKey(user)], [POINTER_TTL_SECONDS])) as [
      string,
      string | null,
      string | null,
    ];
    return { turn: Number(turn), pointer: pointerOf(room, watching) };
  }

  /**
   * Writes again where a user is, as the gateway of their session has it, into a store that lost it. `asked`: their session's turn, and
   * the first of its requests that may still be under way.
   */
  async restore(user: UserId, to: UserRoom | null, asked: RequestOrder): Promise<RestoredUser> {
    const args = [to?.room ?? '', to?.watching ? '1' : '0', asked.turn, asked.number, POINTER_TTL_SECONDS];
    const [code, room, watching] = (await restoreUserScript.run(this.redis.commands, [userKey(user)], args)) as [number, string, string];
    return { outcome: RESTORED[code], before: pointerOf(room, watching) };
  }

  /** Another turn for a user who is still where they had that one. Null: they have come in again since, here or elsewhere. */
  async renewTurn(user: UserId, turn: number): Promise<number | null> {
    const renewed = await renewTurnScript.run(this.redis.commands, [userKey(user)], [turn, POINTER_TTL_SECONDS]);
    return renewed === null ? null : Number(renewed);
  }

  /** To a room, or with null out of theirs. False: it was refused by its terms, and nothing has changed. */
  async move(user: UserId, to: UserRoom | null, { asked, outlivesAdmissions, from }: MoveTerms = {}): Promise<boolean> {
    const where = [to?.room ?? '', to?.watching ? '1' : '0', asked?.turn ?? '', asked?.number ?? ''];
    const terms = [from ?? '', outlivesAdmissions ? '1' : '', POINTER_TTL_SECONDS];
    return (await moveScript.run(this.redis.commands, [userKey(user)], [...where, ...terms])) === 1;
  }

  /**
   * Out of that room, if they are in it; and whatever was asked before this comes too late from now on. False: this does,
   * and they are in that room again.
   */
  async leave(user: UserId, room: RoomId, asked: RequestOrder | undefined): Promise<boolean> {
    const args = [room, asked?.turn ?? '', asked?.number ?? '', POINTER_TTL_SECONDS];
    return (await leaveScript.run(this.redis.commands, [userKey(user)], args)) === 1;
  }

  /**
   * The user's session is over for good: out of any room, and every older request is void. Gives the room that the user
   * was in, also when the call is repeated. `late`: the user was admitted or moved since; nothing has changed.
   */
  async depart(user: UserId, asked: RequestOrder): Promise<UserRoom | null | 'late'> {
    const answer = await departScript.run(this.redis.commands, [userKey(user)], [asked.turn, asked.number, POINTER_TTL_SECONDS]);
    if (answer === null) return 'late';
    const [room, watching] = answer as [string, string];
    return pointerOf(room, watching);
  }

  /** Read after a room's record was written for a request that sent the user there: whether that request still holds. */
  async standing(user: UserId, { asked, outlivesAdmissions }: Pick<MoveTerms, 'asked' | 'outlivesAdmissions'>): Promise<Standing> {
    const fields = ['room', 'watching', 'by', 'turn', 'movedTurn', 'movedNumber'] as const;
    const [room, watching, by, turn, movedTurn, movedNumber] = await this.redis.commands.hmget(userKey(user), ...fields);
    const isMovedSince = asked !== undefined && isBefore(asked, { turn: Number(movedTurn), number: Number(movedNumber) });
    const isAdmittedSince = asked !== undefined && !outlivesAdmissions && asked.turn < Number(turn);
    // A pointer of an older version does not name its request.
    const isOwn = asked === undefined || by === null || by === `${asked.turn}:${asked.number}`;
    return { pointer: pointerOf(room, watching), isLate: isMovedSince || isAdmittedSince, isOwn };
  }

  /** Whatever was asked before this comes too late from now on. False: this does. */
  async overtake(user: UserId, asked: RequestOrder | undefined): Promise<boolean> {
    if (!asked) return true;
    return (await overtakeScript.run(this.redis.commands, [userKey(user)], [asked.turn, asked.number, POINTER_TTL_SECONDS, ''])) === 1;
  }

  /** As `overtake`, for a user who is in no room, or only watches. A room: they are in that one, and nothing has changed. */
  async overtakeIfFree(user: UserId, asked: RequestOrder | undefined): Promise<boolean | RoomId> {
    const args = [asked?.turn ?? '', asked?.number ?? '', POINTER_TTL_SECONDS, '1'];
    const answer = (await overtakeScript.run(this.redis.commands, [userKey(user)], args)) as number | RoomId;
    return typeof answer === 'number' ? answer === 1 : answer;
  }

  /** Throws `overtaken` when the user has moved, or was admitted, since they asked. To be followed by a conditional write. */
  async refuseLate(user: UserId, asked: RequestOrder | undefined): Promise<void> {
    if (!asked) return;
    const [turn, movedTurn, movedNumber] = await this.redis.commands.hmget(userKey(user), 'turn', 'movedTurn', 'movedNumber');
    const isLate = asked.turn < Number(turn) || isBefore(asked, { turn: Number(movedTurn), number: Number(movedNumber) });
    if (isLate) throw new HoldfastError('overtaken');
  }

  /** The last request by which the user moved, and their last admission: what is done by this is refused if either changes. */
  async lastRequestOrder(user: UserId): Promise<RequestOrder> {
    const [turn, movedTurn, movedNumber] = await this.redis.commands.hmget(userKey(user), 'turn', 'movedTurn', 'movedNumber');
    return Number(movedTurn) >= Number(turn) ? { turn: Number(movedTurn), number: Number(movedNumber) } : { turn: Number(turn), number: 0 };
  }

  /** In any case: for a store that lost it. */
  async set(user: UserId, room: RoomId, watching: boolean): Promise<void> {
    await this.move(user, { room, watching });
  }

  async clear(user: UserId): Promise<void> {
    await this.move(user, null);
  }
}

function pointerOf(room: string | null, watching: string | null): UserRoom | null {
  return room ? { room: room as RoomId, watching: watching === '1' } : null;
}
