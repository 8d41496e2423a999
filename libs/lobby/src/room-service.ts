import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { KeyedMutex } from '#libs/async';
import { ServerDirectory } from '#libs/fleet';
import { type Caller, endOf, HoldfastError, type Operations, type RequestOrder, type RoomId, type UserId } from '#libs/protocol';
import { RedisConnections, StoreClock } from '#libs/redis';
import { isMember, type MoveTerms, type RoomDoc, type RoomRecord, RoomRecords, type UserRoom, UserRooms } from '#libs/room-store';
import { GameCatalogue } from './game-catalogue.js';
import { CAS_TRIES_MAX } from './lobby.options.js';
import { MatchQueue } from './match-queue.js';
import { cameBack, join, leave, newRoom, type Person, setReady, wentAway } from './room-rules.js';

/** Asked of a room's record before it is changed; refuses by throwing. */
export type RoomGuard = (record: RoomRecord) => unknown;

/**
 * Rooms outside of play. Stateless: every change reads the record, asks the rules, and writes by compare-and-set, so any
 * number of lobbies may do the same at once, and any of them may die between two lines.
 */
@Injectable()
export class RoomService {
  /** One change of a room at a time: of two changes at once, one would fail its compare-and-set and begin again. */
  private readonly mutex = new KeyedMutex();
  /** The room of each request to create or leave one that has begun, for one that begins again after a fallback of the store. */
  private readonly begun = new WeakMap<Caller, RoomId>();

  constructor(
    private readonly redis: RedisConnections,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly games: GameCatalogue,
    private readonly matches: MatchQueue,
    private readonly directory: ServerDirectory,
    private readonly clock: StoreClock,
  ) {}

  /** The store's time, in whole ms since 1970: the index of all rooms is ordered by it. */
  now(): number {
    return Math.round(this.clock.storeTime());
  }

  async create(caller: Caller, wish: Operations['rooms.create']['data']): Promise<RoomRecord> {
    const { game, name, seats, private: isPrivate, region, build } = wish;
    const info = this.games.mustGet(game);
    const id = (caller.asked && this.begun.get(caller)) ?? newRoomId();
    await this.freeFor(caller, id);
    const near = region === undefined ? this.regionOf(caller) : undefined;
    const doc = newRoom(caller, { name, seats: info.seats, wanted: seats, private: isPrivate, region, build, near }, this.now());
    this.begun.set(caller, id);
    if (!(await this.userRooms.move(caller.user, { room: id, watching: false }, caller))) throw new HoldfastError('overtaken');
    return this.make(id, game, doc, [caller]);
  }

  /** Where the gateway stands that a player came by: near to the player, or they would have come by another. */
  regionOf({ gateway }: Pick<Caller, 'gateway'>): string | undefined {
    return this.directory.get(gateway)?.region || undefined;
  }

  /**
   * A room with these people in it, who were sent there. Making it twice under one id is making it once. A person who has
   * gone on since is taken out again. Throws `overtaken` when nobody is left.
   */
  async make(
    id: RoomId,
    game: string,
    doc: RoomDoc,
    people: readonly Pick<Caller, 'user' | 'asked'>[],
    terms: Pick<MoveTerms, 'outlivesAdmissions'> = {},
  ): Promise<RoomRecord> {
    const made = await this.records.create(id, game, doc);
    const standings = await Promise.all(people.map(({ user, asked }) => this.userRooms.standing(user, { asked, ...terms })));
    const gone = people.filter((_, index) => {
      const { pointer, isLate, isOwn } = standings[index];
      // A store that failed over may have lost the pointer, so its absence alone says nothing.
      if (pointer === null) return isLate;
      return pointer.room !== id || (isLate && isOwn);
    });
    for (const { user } of gone) await this.removeMember(id, user, 'not-in-room').catch(ignoreGone);
    if (gone.length === people.length) throw new HoldfastError('overtaken');
    return made && gone.length === 0 ? made : this.mustRead(id);
  }

  async join(caller: Caller, id: RoomId): Promise<RoomRecord> {
    return this.mutex.run(id, async () => {
      // Read before the caller is found not to be late, so that what is written at this revision is written by one who is not.
      const [record, before] = await Promise.all([this.records.read(id), this.freeFor(caller, id)]);
      if (!record) throw new HoldfastError('room-unknown');
      if (!(await this.userRooms.move(caller.user, { room: id, watching: false }, caller))) throw new HoldfastError('overtaken');
      try {
        const joined = await this.changeNow(id, (current) => joinAnew(current, caller), { caller, record });
        const { pointer, isLate, isOwn } = await this.userRooms.standing(caller.user, caller);
        if (pointer?.room === id && !(isLate && isOwn)) return joined;
        // Either the user asked to join two rooms at once, by two lobbies: the pointer that was written last holds. Or the
        // session has ended, or was resumed, while this lobby wrote: nobody would hear that the user is in the room.
        const guard = () => this.refuseReturnedBy(caller, id);
        await this.removeMember(id, caller.user, 'not-in-room', { guard }).catch(ignoreGone);
        throw new HoldfastError(isLate ? 'overtaken' : 'already-in-room');
      } catch (error) {
        await this.userRooms.move(caller.user, before, { asked: caller.asked, from: id });
        throw error;
      }
    });
  }

  async watch(caller: Caller, id: RoomId): Promise<RoomRecord> {
    await this.freeFor(caller, null);
    const record = await this.mustRead(id);
    if (!(await this.userRooms.move(caller.user, { room: id, watching: true }, caller))) throw new HoldfastError('overtaken');
    return record;
  }

  /**
   * The room that was left: the one the player was in when they asked. A lobby that slept may come to it late, when they
   * have long left through another one and are in a game again.
   */
  async leave(caller: Caller): Promise<RoomId> {
    const { user, room: meant, asked } = caller;
    const left = meant ? { room: meant.id, watching: meant.watching } : await this.userRooms.get(user);
    if (!left) throw new HoldfastError('not-in-room');
    // Begins again: what it did before may have survived.
    const isRepeated = asked !== undefined && this.begun.get(caller) === left.room;
    this.begun.set(caller, left.room);
    await this.mutex.run(left.room, async () => {
      // Read before it is found not to be late, as in `join`.
      const record = left.watching ? null : await this.records.read(left.room);
      if (!(await this.userRooms.leave(user, left.room, asked)) && !left.watching) throw new HoldfastError('overtaken');
      if (left.watching) return;
      if (isRepeated && !(record && isMember(record, user))) return;
      if (!record) throw new HoldfastError('room-unknown');
      await this.removeMember(left.room, user, 'not-in-room', { guard: () => this.refuseReturned(left.room, caller), record });
    });
    return left.room;
  }

  async setReady(caller: Caller, ready: boolean): Promise<RoomRecord> {
    const { id } = await this.roomOf(caller);
    return this.change(id, (record) => setReady(record, caller.user, ready), caller);
  }

  /** Throws `not-in-room` when the user is in none, or only watches. */
  async roomOf(caller: Caller): Promise<RoomRecord> {
    const pointer = await this.pointerOf(caller);
    const record = pointer && !pointer.watching ? await this.records.read(pointer.room) : null;
    if (!record || !isMember(record, caller.user)) throw new HoldfastError('not-in-room');
    // After it was read: what is done with it is done at this revision, or not at all.
    await this.refuseLate(caller);
    return record;
  }

  /** Throws `overtaken` when the caller has moved on since. To be followed by a conditional write. */
  async refuseLate({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    await this.userRooms.refuseLate(user, asked);
  }

  /** A store that failed over may have lost the last pointers; the gateway still knows. */
  private async pointerOf({ user, room }: Caller): Promise<UserRoom | null> {
    return (await this.userRooms.get(user)) ?? (room ? { room: room.id, watching: room.watching } : null);
  }

  /** Where the user is, whatever their part in it; null: in no room. */
  async whereIs(user: UserId): Promise<{ record: RoomRecord; watching: boolean } | null> {
    const pointer = await this.userRooms.get(user);
    const record = pointer ? await this.records.read(pointer.room) : null;
    if (!pointer || !record) return null;
    return pointer.watching || isMember(record, user) ? { record, watching: pointer.watching } : null;
  }

  /** As the member's gateway has it. It says nothing of a later turn than its own, and nothing once a later word was heard. */
  async setPresence(room: RoomId, user: UserId, here: boolean, word?: RequestOrder): Promise<void> {
    const turn = word && endOf(word.turn);
    if (!here) return this.setAway(room, user, turn, word);
    await this.change(room, (record) => cameBack(record, user, word), { user, asked: turn }).catch(ignoreGone);
  }

  /**
   * The user's connection, of that turn, is gone with its gateway. Saying so twice is saying it once. It is the last word of
   * that turn: what the gateway had said before it ended may come late, through a lobby that slept. One that was judged
   * wrongly takes another turn to say otherwise.
   */
  async away(user: UserId, turn?: number): Promise<void> {
    const asked = turn === undefined ? undefined : endOf(turn);
    await this.stopSearching(user, asked);
    const pointer = await this.userRooms.get(user);
    // A store that forgot the user's turns has 0, which says nothing about any word.
    if (pointer && !pointer.watching) await this.setAway(pointer.room, user, asked, turn ? asked : undefined);
  }

  /**
   * The user's session is over for good: every request made before `asked` is void, and the user leaves the room and the
   * queue they are in. A request that another lobby still works on finds this out after its write, and undoes it. May be
   * repeated. Does nothing when the user was admitted or moved since. `known`: where the gateway has the user, for a store
   * that lost its own pointer.
   */
  async depart(user: UserId, asked: RequestOrder, known: UserRoom | null = null): Promise<void> {
    const left = await this.userRooms.depart(user, asked);
    if (left === 'late') return;
    await this.stopSearching(user, asked);
    const { room, watching } = left ?? known ?? {};
    if (room === undefined || watching) return;
    const guard = () => this.refuseLate({ user, asked });
    await this.mutex.run(room, () => this.removeMember(room, user, 'gone', { guard })).catch(ignoreGone);
  }

  /**
   * A member who will not come back, if that is still so. With `asked`: unless the user has come back to this room since. Without: unless
   * the user was admitted or has moved since this was called.
   */
  async gone(room: RoomId, user: UserId, asked?: RequestOrder, isDue?: RoomGuard): Promise<void> {
    const since = asked ?? (await this.userRooms.lastRequestOrder(user));
    const guard: RoomGuard = async (record) => {
      await (asked ? this.refuseReturned(room, { user, asked }) : this.userRooms.refuseLate(user, since));
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
   * Reads, asks `rule` for the next document, writes; again when another was faster. `rule` may refuse by throwing. For a
   * caller who has moved on since they asked, nothing is written: `overtaken`.
   */
  async change(id: RoomId, rule: (record: RoomRecord) => RoomDoc, caller?: Pick<Caller, 'user' | 'asked'>): Promise<RoomRecord> {
    return this.mutex.run(id, () => this.changeNow(id, rule, { caller }));
  }

  /** `record`: as it was before the caller was found not to be late, to begin with. */
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
      if (saved) return saved;
    }
    throw new HoldfastError('busy');
  }

  async mustRead(id: RoomId): Promise<RoomRecord> {
    const record = await this.records.read(id);
    if (!record) throw new HoldfastError('room-unknown');
    return record;
  }

  /**
   * The guard is asked of each revision before that is changed, and may refuse by throwing. `record`: one for which it need not
   * be asked, to begin with.
   */
  private async removeMember(
    id: RoomId,
    user: UserId,
    why: string,
    { guard, record: begin }: { readonly guard?: RoomGuard; readonly record?: RoomRecord } = {},
  ): Promise<void> {
    for (let tries = 0; tries < CAS_TRIES_MAX; tries++) {
      const known = tries === 0 ? begin : undefined;
      const record = known ?? (await this.mustRead(id));
      const doc = leave(record, user);
      if (!known) await guard?.(record);
      // The last one out closes the room; a game that still runs closes it when it ends (see RoomSweeper).
      const isDone =
        doc === null && record.status !== 'playing'
          ? await this.records.close(record, why)
          : await this.records.save(record, { doc: doc ?? { ...record.doc, members: [] } });
      if (isDone) return;
    }
    throw new HoldfastError('busy');
  }

  /**
   * Where the caller is, who is to go to a room: not as a member of another than `but`, and looking for a match no more. The
   * pointer is a hint: a room that does not know the user holds nobody back.
   */
  private async freeFor({ user, asked }: Caller, but: RoomId | null): Promise<UserRoom | null> {
    const [pointer, searched] = await Promise.all([this.userRooms.get(user), this.matches.probableGameOf(user)]);
    if (pointer && !pointer.watching && pointer.room !== but) {
      const record = await this.records.read(pointer.room);
      if (record && isMember(record, user)) throw new HoldfastError('already-in-room');
    }
    if (searched) await this.matches.cancel(searched, user, asked);
    return pointer;
  }

  /** A late wish to leave a room is not for the stay there that came after it. */
  private async refuseReturned(room: RoomId, { user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    if ((await this.userRooms.get(user))?.room === room) await this.refuseLate({ user, asked });
  }

  /** Throws `overtaken` when a later request of the user leads to this room: the membership is that request's. */
  private async refuseReturnedBy({ user, asked }: Caller, room: RoomId): Promise<void> {
    const { pointer, isOwn } = await this.userRooms.standing(user, { asked });
    if (pointer?.room === room && !isOwn) throw new HoldfastError('overtaken');
  }

  private async setAway(room: RoomId, user: UserId, asked?: RequestOrder, word?: RequestOrder): Promise<void> {
    const now = await this.redisNow();
    await this.change(room, (record) => wentAway(record, user, now, word), { user, asked }).catch(ignoreGone);
  }

  private async redisNow(): Promise<number> {
    const [seconds] = await this.redis.commands.time();
    return Number(seconds) * 1_000;
  }

  /** Of what they looked for by then. */
  private async stopSearching(user: UserId, asked: RequestOrder | undefined): Promise<void> {
    const game = await this.matches.gameOf(user);
    if (game) await this.matches.cancel(game, user, asked);
  }
}

/** Always a new document, so that a concurrent undo of an older request by the same user meets another revision. */
function joinAnew(record: RoomRecord, person: Person): RoomDoc {
  return { ...join(record, person) };
}

/** Ten letters and digits that nobody mistakes for each other: 50 bits. */
export function newRoomId(): RoomId {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789x';
  return Array.from(randomBytes(10), (byte) => alphabet[byte % 32]).join('');
}

/** There is nothing to be done, or somebody who knew more has done it. */
function ignoreGone(error: unknown): void {
  const isGone = error instanceof HoldfastError && ['room-unknown', 'not-in-room', 'overtaken'].includes(error.code);
  if (!isGone) throw error;
}
