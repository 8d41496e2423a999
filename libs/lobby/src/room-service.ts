import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyedMutex } from '#libs/async';
import { ServerDirectory } from '#libs/fleet';
import {
  type Caller,
  type Claims,
  endOf,
  HoldfastError,
  type LeftReason,
  type Operations,
  type RequestOrder,
  type RoomEntry,
  type RoomId,
  type RoomSettings,
  type UserId,
} from '#libs/protocol';
import { RedisConnections, StoreClock } from '#libs/redis';
import {
  InviteCodes,
  isMember,
  type MoveTerms,
  type RoomDoc,
  type RoomRecord,
  RoomRecords,
  readInviteCode,
  type UserRoom,
  UserRooms,
} from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { type EntryPass, NO_PASS, refuseSpectator, SERVER_PASS } from './entry-pass.js';
import { GameCatalogue } from './game-catalogue.js';
import { CAS_TRIES_MAX } from './lobby.options.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { hashPassword, isPassword } from './room-password.js';
import { cameBack, type JoinTerms, join, leave, newRoom, type Person, setReady, wentAway, withClaims } from './room-rules.js';
import { UserTickets } from './user-tickets.js';

/**
 * The invite code and the password that a player gives to enter a room. `code`: an invite code in the form that `readInviteCode` returns.
 */
export interface Shown {
  readonly code?: string;
  readonly password?: string;
}

/** A user who enters a room: a caller, or a user whom the server itself puts into the room. */
export type Newcomer = Person & Pick<Caller, 'asked'>;

/** Checks the record of a room before each change. Throws an error to refuse the change. */
export type RoomGuard = (record: RoomRecord) => unknown;

/**
 * Changes rooms before and after a game. Stateless: every change reads the record, applies a rule, and writes by compare-and-set. So
 * several lobbies may change a room at the same time, and a lobby may die at any point.
 */
@Injectable()
export class RoomService {
  /** Runs the changes of a room one at a time. Concurrent changes would only fail in their compare-and-set and begin again. */
  private readonly mutex = new KeyedMutex();
  /**
   * The room id of each request to create or leave a room. When Redis loses data and the request runs a second time, the second run uses
   * the same room.
   */
  private readonly roomOfRequest = new WeakMap<Caller, RoomId>();
  /** The room and the invite code of each request to create a room. A second run of the request uses the same code. */
  private readonly codeOfRequest = new WeakMap<Caller, { readonly id: RoomId; readonly code: string }>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly games: GameCatalogue,
    private readonly tickets: UserTickets,
    private readonly directory: ServerDirectory,
    private readonly clock: StoreClock,
    private readonly optionsCheck: RoomOptionsCheck,
    private readonly invites: InviteCodes,
    private readonly log: Log,
  ) {}

  /** Returns the time of Redis, in whole ms since 1970. This time orders the index of all rooms. */
  now(): number {
    return Math.round(this.clock.storeTime());
  }

  async create(caller: Caller, wish: Operations['rooms.create']['data']): Promise<RoomRecord> {
    const { game, seats, region, options, password, teams, ...settings } = wish;
    const info = this.games.mustGet(game);
    if (options !== undefined) await this.optionsCheck.refuseFlawed(game, options);
    const id = (caller.asked && this.roomOfRequest.get(caller)) ?? newRoomId();
    await this.freeFor(caller, id);
    const near = region === undefined ? this.regionOf(caller) : undefined;
    const doc = newRoom(
      caller,
      {
        ...settings,
        seats: info.seats,
        wanted: seats,
        region,
        near,
        teams: teams ?? info.teams,
        ...(options && { options }),
      },
      this.now(),
    );
    // Runs the checks of `newRoom` first, so that a refused room causes no password hash and no reserved code. A reserved code stays in the
    // store for days.
    const stored: RoomDoc = {
      ...doc,
      ...(password !== undefined && { password: await hashPassword(password) }),
      ...(needsCode(settings) && { code: await this.codeFor(caller, id) }),
    };
    this.roomOfRequest.set(caller, id);
    if (!(await this.userRooms.move(caller.user, { room: id, watching: false }, caller))) throw new HoldfastError('overtaken');
    return this.make(id, game, stored, [caller]);
  }

  /**
   * Returns the region of the player's gateway, which is probably near the player. Undefined: the gateway has no region or is not known.
   */
  regionOf({ gateway }: Pick<Caller, 'gateway'>): string | undefined {
    return this.directory.get(gateway)?.region || undefined;
  }

  /**
   * Creates a room with these members, whose entries in `UserRooms` already name the room. Removes members who have left the room since
   * then. Throws `overtaken` when no member is left. Idempotent for one id.
   */
  async make(
    id: RoomId,
    game: string,
    doc: RoomDoc,
    people: readonly Pick<Caller, 'user' | 'asked'>[],
    terms: Pick<MoveTerms, 'outlivesAdmissions'> = {},
  ): Promise<RoomRecord> {
    const made = await this.records.create(id, game, doc);
    if (made) this.log.life('room.created', { roomId: id, game, users: people.map(({ user }) => user) });
    const statuses = await Promise.all(people.map(({ user, asked }) => this.userRooms.moveStatus(user, { asked, ...terms })));
    const gone = people.filter((_, index) => {
      const { pointer, isLate, isOwn } = statuses[index]!;
      // A failover of Redis may have lost the entry of the user, so a missing entry alone does not prove that the user has left.
      if (pointer === null) return isLate;
      return pointer.room !== id || (isLate && isOwn);
    });
    for (const { user } of gone) await this.removeMember(id, user, 'not-in-room').catch(ignoreGone);
    if (gone.length === people.length) throw new HoldfastError('overtaken');
    return made && gone.length === 0 ? made : this.mustRead(id);
  }

  /**
   * Finds the room that a player wants to enter, and the player's entry pass.
   *
   * @throws `invite-unknown` when no room has the code
   */
  async find({ room, code, password }: RoomEntry): Promise<{ readonly id: RoomId; readonly shown: Shown }> {
    if (code === undefined) return { id: room as RoomId, shown: { password } };
    const canonical = readInviteCode(code);
    const id = canonical && (await this.invites.find(canonical));
    if (!canonical || !id) throw new HoldfastError('invite-unknown');
    return { id, shown: { code: canonical, password } };
  }

  /**
   * @param shown the code and password of the player; `server`: the server itself lets the player in
   * @throws the refusals of `refuseUninvited`, `invite-unknown` when the room has another code, `wrong-password`
   */
  async join(caller: Newcomer, id: RoomId, shown: Shown | 'server' = {}): Promise<RoomRecord> {
    return this.mutex.run(id, async () => {
      // Reads the record before the check of the request order, so that an overtaken request cannot write at this revision.
      const [record, before] = await Promise.all([this.records.read(id), this.freeFor(caller, id)]);
      if (!record) throw unknownRoom(shown);
      const pass = await this.passOf(record, caller.user, shown);
      // Checks before the player's entry changes, so that a refused player is never bound to the room.
      join(record, caller, this.games.joinTermsOf(record), this.now(), pass);
      if (!(await this.userRooms.move(caller.user, { room: id, watching: false }, caller))) throw new HoldfastError('overtaken');
      try {
        const joined = await this.changeNow(
          id,
          (current) => joinAgain(current, caller, this.games.joinTermsOf(current), this.now(), pass),
          {
            caller,
            record,
          },
        );
        const { pointer, isLate, isOwn } = await this.userRooms.moveStatus(caller.user, caller);
        if (pointer?.room === id && !(isLate && isOwn)) return joined;
        // Undoes the join in two cases. First, the user has joined two rooms at the same time through two lobbies. The last entry in
        // `UserRooms` then decides in which room the user stays. Second, the session ended or was resumed during the write. No gateway
        // would then learn that the user is in the room.
        const guard = () => this.refuseReturnedBy(caller, id);
        await this.removeMember(id, caller.user, 'not-in-room', { guard }).catch(ignoreGone);
        throw new HoldfastError(isLate ? 'overtaken' : 'already-in-room');
      } catch (error) {
        await this.userRooms.move(caller.user, before, { asked: caller.asked, from: id });
        throw error;
      }
    });
  }

  /** @throws the refusals of `refuseSpectator`, `invite-unknown` when the room has another code, `wrong-password` */
  async watch(caller: Caller, id: RoomId, shown: Shown | 'server' = {}): Promise<RoomRecord> {
    await this.freeFor(caller, null);
    const record = await this.records.read(id);
    if (!record) throw unknownRoom(shown);
    refuseSpectator(record, caller.user, await this.passOf(record, caller.user, shown));
    if (!(await this.userRooms.move(caller.user, { room: id, watching: true }, caller))) throw new HoldfastError('overtaken');
    return record;
  }

  /**
   * Leaves the room in which the player was at the time of the request, and returns the id of this room. If this lobby was suspended, the
   * player may already be in another room.
   */
  async leave(caller: Caller): Promise<RoomId> {
    const { user, room: meant, asked } = caller;
    const left = meant ? { room: meant.id, watching: meant.watching } : await this.userRooms.get(user);
    if (!left) throw new HoldfastError('not-in-room');
    // True: this is the second run of the request, and the store may still have the writes of the first run.
    const isRepeated = asked !== undefined && this.roomOfRequest.get(caller) === left.room;
    this.roomOfRequest.set(caller, left.room);
    await this.mutex.run(left.room, async () => {
      // Reads the record before the check of the request order, as `join` does.
      const record = left.watching ? null : await this.records.read(left.room);
      if (!(await this.userRooms.leave(user, left.room, asked)) && !left.watching) throw new HoldfastError('overtaken');
      if (left.watching) return;
      if (isRepeated && !(record && isMember(record, user))) return;
      if (!record) throw new HoldfastError('room-unknown');
      await this.removeMember(left.room, user, 'not-in-room', { guard: () => this.refuseReturned(left.room, caller), record });
    });
    return left.room;
  }

  /** Checks the invite code and the password that a player gives to enter a room. A member needs neither the code nor the password. */
  private async passOf(record: RoomRecord, user: UserId, shown: Shown | 'server'): Promise<EntryPass> {
    if (shown === 'server' || isMember(record, user)) return SERVER_PASS;
    const { code, password } = shown;
    const { doc } = record;
    if (code !== undefined && doc.code !== code) throw new HoldfastError('invite-unknown');
    if (!doc.password || password === undefined) return { ...NO_PASS, isInvited: code !== undefined };
    if (!(await isPassword(password, doc.password))) throw new HoldfastError('wrong-password');
    return { isInvited: code !== undefined, password: doc.password };
  }

  /** Reserves the invite code of a new room, once for each request. */
  private async codeFor(caller: Caller, id: RoomId): Promise<string> {
    const known = this.codeOfRequest.get(caller);
    if (known?.id === id) return known.code;
    const code = await this.invites.reserve(id);
    this.codeOfRequest.set(caller, { id, code });
    return code;
  }

  async setReady(caller: Caller, ready: boolean): Promise<RoomRecord> {
    const { id } = await this.roomOf(caller);
    return this.change(id, (record) => withClaims(setReady(record, caller.user, ready), caller), caller);
  }

  /** Returns the room of which the user is a member. Throws `not-in-room` when the user is in no room or is a spectator. */
  async roomOf(caller: Caller): Promise<RoomRecord> {
    const pointer = await this.pointerOf(caller);
    const record = pointer && !pointer.watching ? await this.records.read(pointer.room) : null;
    if (!record || !isMember(record, caller.user)) throw new HoldfastError('not-in-room');
    // Checks the request after the read. The caller's write then succeeds only at the revision that was read.
    await this.refuseLate(caller);
    return record;
  }

  /**
   * Throws `overtaken` when the caller has changed the room or was admitted again since the request. Call this method before a conditional
   * write.
   */
  async refuseLate({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    await this.userRooms.refuseLate(user, asked);
  }

  /** Voids all older requests of the caller. Throws `overtaken` when a later request or admission has already voided this request. */
  async overtake({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    if (!(await this.userRooms.overtake(user, asked))) throw new HoldfastError('overtaken');
  }

  /**
   * Returns the user's room from Redis. If a failover lost the user's room, returns the room that the gateway sent with the request. Null:
   * the user is in no room.
   */
  private async pointerOf({ user, room }: Caller): Promise<UserRoom | null> {
    return (await this.userRooms.get(user)) ?? (room ? { room: room.id, watching: room.watching } : null);
  }

  /** Returns the room of the user, and whether the user is a spectator there. Null: the user is in no room. */
  async whereIs(user: UserId): Promise<{ record: RoomRecord; watching: boolean } | null> {
    const pointer = await this.userRooms.get(user);
    const record = pointer ? await this.records.read(pointer.room) : null;
    if (!pointer || !record) return null;
    return pointer.watching || isMember(record, user) ? { record, watching: pointer.watching } : null;
  }

  /**
   * Stores the presence that a member's gateway reports. Ignores a report of an earlier admission, and a report that is older than the
   * stored report.
   */
  async setPresence(room: RoomId, user: UserId, here: boolean, order?: RequestOrder, claims?: Claims | null): Promise<void> {
    const admissionEnd = order && endOf(order.turn);
    if (!here) return this.setAway(room, user, admissionEnd, order);
    const rule = (record: RoomRecord): RoomDoc => {
      const doc = cameBack(record, user, order);
      return claims === undefined ? doc : withClaims(doc, { user, ...(claims && { claims }) });
    };
    await this.change(room, rule, { user, asked: admissionEnd }).catch(ignoreGone);
  }

  /**
   * Marks the user as away, because the gateway of this `admission` is dead. Idempotent. The mark has a later request order than all
   * reports of this admission, because a suspended lobby may handle a report of the dead gateway later. So a gateway that was evicted by
   * mistake must report in a new admission.
   */
  async away(user: UserId, admission?: number): Promise<void> {
    const admissionEnd = admission === undefined ? undefined : endOf(admission);
    await this.tickets.setPresence(user, admissionEnd, false);
    const pointer = await this.userRooms.get(user);
    // The number 0 means that the store lost the user's admissions, so no report can be compared with it.
    if (pointer && !pointer.watching) await this.setAway(pointer.room, user, admissionEnd, admission ? admissionEnd : undefined);
  }

  /**
   * Ends the membership of a user whose session is over. Voids every request before `order`, and removes the user from the room and the
   * queue. A lobby that still handles an older request detects the departure after its write, and undoes the write. Idempotent. Does
   * nothing when the user was admitted or has changed the room since then.
   * @param known the user's room according to the gateway, for the case that the store has no room
   */
  async depart(user: UserId, order: RequestOrder, known: UserRoom | null = null): Promise<void> {
    const left = await this.userRooms.depart(user, order);
    if (left === 'late') return;
    await this.tickets.end(user, order, { event: 'cancelled', reason: 'party-changed' });
    const { room, watching } = left ?? known ?? {};
    if (room === undefined || watching) return;
    const guard = () => this.refuseLate({ user, asked: order });
    await this.mutex.run(room, () => this.removeMember(room, user, 'gone', { guard })).catch(ignoreGone);
  }

  /**
   * Removes a member who will not return. With `order`, does nothing when the user has returned to this room after that request. Without
   * `order`, does nothing when the user was admitted or has changed the room since this call.
   */
  async gone(room: RoomId, user: UserId, order?: RequestOrder, isDue?: RoomGuard): Promise<void> {
    const since = order ?? (await this.userRooms.lastRequestOrder(user));
    const guard: RoomGuard = async (record) => {
      await (order ? this.refuseReturned(room, { user, asked: order }) : this.userRooms.refuseLate(user, since));
      await isDue?.(record);
    };
    try {
      await this.mutex.run(room, async () => {
        await guard(await this.mustRead(room));
        await this.userRooms.move(user, null, { asked: since, from: room });
        await this.removeMember(room, user, 'gone', { guard });
      });
    } catch (error) {
      ignoreGone(error);
    }
  }

  /**
   * Reads the room, computes the next document with `rule`, and writes the document. Repeats all three steps when another write came first.
   * `rule` may throw an error to refuse the change. Throws `overtaken` when the caller has changed the room or was admitted since the
   * request.
   */
  async change(id: RoomId, rule: (record: RoomRecord) => RoomDoc, caller?: Pick<Caller, 'user' | 'asked'>): Promise<RoomRecord> {
    return this.mutex.run(id, () => this.changeNow(id, rule, { caller }));
  }

  /**
   * Changes a room as `change` does, but without the mutex. `record`: the record for the first attempt. The caller must read this record
   * before it checks the request order.
   */
  private async changeNow(
    id: RoomId,
    rule: (record: RoomRecord) => RoomDoc,
    { caller, record: begin }: { readonly caller?: Pick<Caller, 'user' | 'asked'>; readonly record?: RoomRecord },
  ): Promise<RoomRecord> {
    for (let tries = 0; tries < CAS_TRIES_MAX; tries++) {
      const known = tries === 0 ? begin : undefined;
      const record = known ?? (await this.mustRead(id));
      const doc = rule(record);
      if (caller && !known) await this.refuseLate(caller);
      const saved = doc === record.doc ? record : await this.records.save(record, { doc });
      if (saved) {
        this.logMembers(record, doc);
        return saved;
      }
    }
    throw new HoldfastError('busy');
  }

  private logMembers({ id, doc: before }: RoomRecord, after: RoomDoc): void {
    if (before.members === after.members) return;
    for (const { user } of after.members)
      if (!before.members.some((member) => member.user === user)) this.log.life('member.joined', { roomId: id, user });
    for (const { user } of before.members)
      if (!after.members.some((member) => member.user === user)) this.log.life('member.left', { roomId: id, user });
  }

  /**
   * Deletes the room from the entry of a user who was removed from the room's record. Does nothing when the user has changed the room since
   * then.
   */
  async forget(id: RoomId, user: UserId): Promise<void> {
    await this.userRooms.move(user, null, { from: id });
  }

  /** Removes a member who has entered another room from the record of this room. Idempotent. */
  async removeMoved(id: RoomId, user: UserId): Promise<void> {
    const guard: RoomGuard = async () => {
      if ((await this.userRooms.get(user))?.room === id) throw new HoldfastError('overtaken');
    };
    await this.mutex.run(id, () => this.removeMember(id, user, 'left', { guard })).catch(ignoreGone);
  }

  /** Closes a room. Returns false when the room has changed since the record. */
  async close(record: RoomRecord, reason: LeftReason): Promise<boolean> {
    const isClosed = await this.records.close(record, reason);
    if (isClosed) this.log.life('room.closed', { roomId: record.id, reason });
    return isClosed;
  }

  async mustRead(id: RoomId): Promise<RoomRecord> {
    const record = await this.records.read(id);
    if (!record) throw new HoldfastError('room-unknown');
    return record;
  }

  /**
   * Removes a member from the room's record. `guard` checks each revision before the removal. `record`: the record for the first attempt.
   * `guard` does not check this record.
   */
  private async removeMember(
    id: RoomId,
    user: UserId,
    reason: LeftReason,
    { guard, record: begin }: { readonly guard?: RoomGuard; readonly record?: RoomRecord } = {},
  ): Promise<void> {
    for (let tries = 0; tries < CAS_TRIES_MAX; tries++) {
      const known = tries === 0 ? begin : undefined;
      const record = known ?? (await this.mustRead(id));
      const doc = leave(record, user);
      if (!known) await guard?.(record);
      // The departure of the last member closes the room. While a game runs, `RoomSweeper` closes the room later, after the game.
      const isDone =
        doc === null && record.status !== 'playing'
          ? await this.close(record, reason)
          : await this.records.save(record, { doc: doc ?? { ...record.doc, members: [] } });
      if (isDone) {
        this.logMembers(record, doc ?? { ...record.doc, members: [] });
        return;
      }
    }
    throw new HoldfastError('busy');
  }

  /**
   * Prepares a caller to enter a room: cancels the caller's search, and throws `already-in-room` for a member of a room other than `but`.
   * Returns the caller's entry in `UserRooms`. Null: the caller has no entry. The entry is only a hint. The room's record decides about the
   * membership.
   */
  async freeFor({ user, asked }: Pick<Caller, 'user' | 'asked'>, but: RoomId | null): Promise<UserRoom | null> {
    const pointer = await this.userRooms.get(user);
    if (pointer && !pointer.watching && pointer.room !== but) {
      const record = await this.records.read(pointer.room);
      if (record && isMember(record, user)) throw new HoldfastError('already-in-room');
    }
    await this.tickets.end(user, asked, { event: 'cancelled', reason: 'entered-room' }, but ?? undefined);
    return pointer;
  }

  /** Throws `overtaken` when the user is in the room because of a later request. */
  private async refuseReturned(room: RoomId, { user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    if ((await this.userRooms.get(user))?.room === room) await this.refuseLate({ user, asked });
  }

  /** Throws `overtaken` when the user's entry in `UserRooms` names this room because of another request. */
  private async refuseReturnedBy({ user, asked }: Pick<Caller, 'user' | 'asked'>, room: RoomId): Promise<void> {
    const { pointer, isOwn } = await this.userRooms.moveStatus(user, { asked });
    if (pointer?.room === room && !isOwn) throw new HoldfastError('overtaken');
  }

  private async setAway(room: RoomId, user: UserId, order?: RequestOrder, reported?: RequestOrder): Promise<void> {
    const now = await this.redisNow();
    await this.change(room, (record) => wentAway(record, user, now, reported), { user, asked: order }).catch(ignoreGone);
  }

  private async redisNow(): Promise<number> {
    const [seconds] = await this.redis.commands.time();
    return Number(seconds) * 1_000;
  }
}

/**
 * Returns a new object even when nothing changes, so that the record gets a new revision. A concurrent undo of an older request by the
 * same user then fails.
 */
function joinAgain(record: RoomRecord, person: Person, terms: JoinTerms | null, now: number, pass: EntryPass): RoomDoc {
  return { ...join(record, person, terms, now, pass) };
}

/** Returns whether a room needs an invite code, because no list shows the room or because players join only with the code. */
export function needsCode({ private: isPrivate, inviteOnly }: Pick<RoomSettings, 'private' | 'inviteOnly'>): boolean {
  return isPrivate === true || inviteOnly === true;
}

/**
 * Returns the refusal for a room without a record. If the player gave an invite code, the refusal names the code, because the room of a
 * code may be closed.
 */
function unknownRoom(shown: Shown | 'server'): HoldfastError {
  return new HoldfastError(shown !== 'server' && shown.code !== undefined ? 'invite-unknown' : 'room-unknown');
}

/** Returns a random id of ten letters and digits that are hard to confuse, with almost 50 bits. */
export function newRoomId(): RoomId {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789x';
  return Array.from(randomBytes(10), (byte) => alphabet[byte % 32]).join('') as RoomId;
}

/** Ignores errors that need no further work: the room or the membership is gone, or a later request was executed. */
function ignoreGone(error: unknown): void {
  const isGone = error instanceof HoldfastError && ['room-unknown', 'not-in-room', 'overtaken'].includes(error.code);
  if (!isGone) throw error;
}
