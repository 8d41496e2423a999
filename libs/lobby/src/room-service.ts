import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ServerDirectory } from '#libs/fleet';
import { type Caller, HoldfastError, type Operations, type RoomEntry, type RoomId, type RoomSettings, type UserId } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
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
import { type EntryPass, entryPassOf, refuseSpectator, type Shown, unknownRoom } from './entry-pass.js';
import { GameCatalogue } from './game-catalogue.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { hashPassword } from './room-password.js';
import { type JoinTerms, join, newRoom, type Person, setReady, withClaims } from './room-rules.js';
import { ignoreGone, type RoomGuard, RoomWriter } from './room-writer.js';
import { UserTickets } from './user-tickets.js';

/** A user who enters a room: a caller, or a user whom the server itself puts into the room. */
export type Newcomer = Person & Pick<Caller, 'asked'>;

/**
 * Carries out the requests of users about their rooms: create, join, watch, leave and ready. A request first changes the entry of the user
 * (`UserRooms`) and then the record of the room (`RoomWriter`). After the creation of a room and after a join, the service checks whether
 * another lobby has executed a later request of the user meanwhile. In this case, the service undoes the change.
 */
@Injectable()
export class RoomService {
  /**
   * The room id of each request to create or leave a room. When Redis loses data and the request runs a second time, the second run uses
   * the same room.
   */
  private readonly roomOfRequest = new WeakMap<Caller, RoomId>();
  /** The room and the invite code of each request to create a room. A second run of the request uses the same code. */
  private readonly codeOfRequest = new WeakMap<Caller, { readonly id: RoomId; readonly code: string }>();

  constructor(
    private readonly writer: RoomWriter,
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

  /** Returns the time of Redis, in whole ms since 1970. The index of rooms is sorted by this time. */
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
   * Returns the region of the player's gateway, which is probably near the player. Undefined: the gateway has no region, or is not in the
   * directory.
   */
  regionOf({ gateway }: Pick<Caller, 'gateway'>): string | undefined {
    return this.directory.get(gateway)?.region || undefined;
  }

  /**
   * Creates a room with these members, whose entries in `UserRooms` already name the room. Removes members who have left the room
   * meanwhile. Throws `overtaken` when no member is left. A repeated call with the same `id` creates no second room.
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
    for (const { user } of gone) await this.writer.removeMember(id, user, 'not-in-room').catch(ignoreGone);
    if (gone.length === people.length) throw new HoldfastError('overtaken');
    return made && gone.length === 0 ? made : this.records.mustRead(id);
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
    return this.writer.lock(id, async () => {
      // Reads the record before the check of the request order. If a later request changes the room after the check, the write at the
      // revision of this record fails.
      const [record, before] = await Promise.all([this.records.read(id), this.freeFor(caller, id)]);
      if (!record) throw unknownRoom(shown);
      const pass = await entryPassOf(record, caller.user, shown);
      // Applies the rule before `UserRooms` changes, so that the entry of a refused player never names the room.
      join(record, caller, this.games.joinTermsOf(record), this.now(), pass);
      if (!(await this.userRooms.move(caller.user, { room: id, watching: false }, caller))) throw new HoldfastError('overtaken');
      try {
        const joined = await this.writer.changeLocked(
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
        await this.writer.removeMember(id, caller.user, 'not-in-room', { guard }).catch(ignoreGone);
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
    refuseSpectator(record, caller.user, await entryPassOf(record, caller.user, shown));
    if (!(await this.userRooms.move(caller.user, { room: id, watching: true }, caller))) throw new HoldfastError('overtaken');
    return record;
  }

  /**
   * Leaves the room in which the player was at the time of the request, and returns the id of this room. If this lobby was suspended, the
   * player is possibly in another room by now.
   */
  async leave(caller: Caller): Promise<RoomId> {
    const { user, room: meant, asked } = caller;
    const left = meant ? { room: meant.id, watching: meant.watching } : await this.userRooms.get(user);
    if (!left) throw new HoldfastError('not-in-room');
    // True: this is the second run of the request, and the store possibly has the writes of the first run.
    const isRepeated = asked !== undefined && this.roomOfRequest.get(caller) === left.room;
    this.roomOfRequest.set(caller, left.room);
    await this.writer.lock(left.room, async () => {
      // Reads the record before the check of the request order, as `join` does.
      const record = left.watching ? null : await this.records.read(left.room);
      if (!(await this.userRooms.leave(user, left.room, asked)) && !left.watching) throw new HoldfastError('overtaken');
      if (left.watching) return;
      if (isRepeated && !(record && isMember(record, user))) return;
      if (!record) throw new HoldfastError('room-unknown');
      await this.writer.removeMember(left.room, user, 'not-in-room', {
        guard: () => this.userRooms.refuseReturned(user, left.room, asked),
        record,
      });
    });
    return left.room;
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
    return this.writer.change(id, (record) => withClaims(setReady(record, caller.user, ready), caller), caller);
  }

  /** Returns the room of which the user is a member. Throws `not-in-room` when the user is in no room or is a spectator. */
  async roomOf(caller: Caller): Promise<RoomRecord> {
    const pointer = await this.pointerOf(caller);
    const record = pointer && !pointer.watching ? await this.records.read(pointer.room) : null;
    if (!record || !isMember(record, caller.user)) throw new HoldfastError('not-in-room');
    // Checks the request order after the read. If a later request changes the room after the check, the caller's write at the read revision
    // fails.
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
    await this.writer.lock(id, () => this.writer.removeMember(id, user, 'left', { guard })).catch(ignoreGone);
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

  /** Throws `overtaken` when the user's entry in `UserRooms` names this room because of another request. */
  private async refuseReturnedBy({ user, asked }: Pick<Caller, 'user' | 'asked'>, room: RoomId): Promise<void> {
    const { pointer, isOwn } = await this.userRooms.moveStatus(user, { asked });
    if (pointer?.room === room && !isOwn) throw new HoldfastError('overtaken');
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

/** Returns a random id of ten letters and digits that are hard to confuse, with almost 50 bits. */
export function newRoomId(): RoomId {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789x';
  return Array.from(randomBytes(10), (byte) => alphabet[byte % 32]).join('') as RoomId;
}
