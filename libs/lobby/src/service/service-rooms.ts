import { Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { LoadBalancerService } from '#libs/placement';
import { HoldfastError, type Operations, type RoomId, type RoomView, type UserId } from '#libs/protocol';
import { InviteCodes, isMember, type RoomRecord, RoomRecords, UserRooms, viewOf } from '#libs/room-store';
import { SessionNotices, SessionStore, shownPlayerName, UserDirectory } from '#libs/session';
import { Log } from '#libs/telemetry';
import { GameCatalogue } from '../game-catalogue.js';
import { GameStarter } from '../game-starter.js';
import { MemberPresence } from '../member-presence.js';
import { RoomOptionsCheck } from '../room-options-check.js';
import { hashPassword } from '../room-password.js';
import { newRoom, type Person, withNewMember } from '../room-rules.js';
import { needsCode, newRoomId, RoomService } from '../room-service.js';
import { RoomWriter } from '../room-writer.js';
import { IdempotentRequests } from './idempotent-requests.js';

/**
 * A user whom a service puts into a room. Without `name`, the user's name comes from the user directory. If the user directory does not
 * know the user, other players see the user id.
 */
export interface ServiceUser {
  readonly user: UserId;
  readonly name?: string;
}

/** The room that a service wants. The first user is the host. */
export interface ServiceRoom extends Omit<Operations['rooms.create']['data'], 'game'> {
  readonly game: string;
  readonly users: readonly ServiceUser[];
}

/** The room after a request, in the form that its members see. Null: the room is closed. */
export interface ServiceAnswer {
  readonly id: RoomId;
  readonly room: RoomView | null;
}

interface NewRoomPlan {
  readonly room: RoomId;
  readonly code?: string;
}

interface RoundPlan {
  readonly round: number;
}

/** Maximum number of reads while the start or the end of a game waits for another change of the room. */
const SETTLE_TRIES_MAX = 40;
/** Time in ms between two reads while the start or the end of a game waits for another change of the room. */
const SETTLE_POLL_MS = 100;

/**
 * Executes requests of services about rooms. A service is a program of the operator with its own token, such as a tournament or another
 * matchmaker. Every change has a key, and a repeat with the same key has no further effect (`IdempotentRequests`). Each write is idempotent
 * or a compare-and-set, so that a repeat completes the work of a lobby that died.
 */
@Injectable()
export class ServiceRooms {
  constructor(
    private readonly requests: IdempotentRequests,
    private readonly rooms: RoomService,
    private readonly writer: RoomWriter,
    private readonly presence: MemberPresence,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly invites: InviteCodes,
    private readonly games: GameCatalogue,
    private readonly optionsCheck: RoomOptionsCheck,
    private readonly starter: GameStarter,
    private readonly balancer: LoadBalancerService,
    private readonly sessions: SessionStore,
    private readonly notices: SessionNotices,
    private readonly directory: UserDirectory,
    private readonly log: Log,
  ) {}

  /**
   * Creates a room with these users as members. A user who is not connected enters the room at the next login.
   *
   * @throws `already-in-room` with the user who is in another room, `unknown-game`, or `bad-data`, without any change
   */
  async create(key: string, wish: ServiceRoom): Promise<ServiceAnswer> {
    const plan = async (): Promise<NewRoomPlan> => {
      const room = newRoomId();
      return { room, ...(needsCode(wish) && { code: await this.invites.reserve(room) }) };
    };
    return this.requests.run({ key, content: ['create', wish], plan }, async ({ room, code }) => {
      const record = await this.records.read(room);
      // An earlier run has created the room, and may have died before it notified the gateways.
      if (record) await this.notifyAll(record);
      // Does not create the room again if an earlier run has created it and another request has closed it since then.
      else if (!(await this.records.wasClosed(room))) await this.createAs(room, code, wish);
      this.log.info('service.room-created', { roomId: room, users: wish.users.length });
      return this.answerOf(room);
    });
  }

  /**
   * Puts a user into the room, even if the room is private or has a password. A repeated call changes nothing.
   *
   * @throws `room-unknown`, `room-full`, `room-playing`, `room-locked`, `banned`, `already-in-room`
   */
  async put(key: string, room: RoomId, wish: ServiceUser): Promise<ServiceAnswer> {
    return this.requests.run({ key, content: ['put', room, wish], plan: async () => null }, async () => {
      const record = await this.records.mustRead(room);
      if (!isMember(record, wish.user)) {
        const [person] = await this.peopleOf([wish]);
        await this.rooms.join(person!, room, 'server');
      }
      await this.notifyAll(await this.records.mustRead(room), wish.user);
      return this.answerOf(room);
    });
  }

  /** Removes a user from the room. Does nothing for a user who is not a member. */
  async take(key: string, room: RoomId, user: UserId): Promise<ServiceAnswer> {
    return this.requests.run({ key, content: ['take', room, user], plan: async () => null }, async () => {
      if (!isMember(await this.records.mustRead(room), user)) return this.answerOf(room);
      await this.presence.gone(room, user);
      const after = await this.records.read(room);
      // A concurrent login or resume of the user has prevented the removal, so the service must repeat the request.
      if (after && isMember(after, user)) throw new HoldfastError('busy');
      return this.answerOf(room);
    });
  }

  /**
   * Starts the game with all members, also with members who are away or not ready. A repeated call starts no second game.
   *
   * @throws `room-unknown`, `too-few-players`, `no-capacity`, `game-failed`, `room-playing` when another game runs already
   */
  async start(key: string, room: RoomId, waitMs?: number): Promise<ServiceAnswer> {
    return this.requests.run({ key, content: ['start', room], plan: () => this.roundOf(room) }, async ({ round }) => {
      const record = await this.settled(room, round);
      if (record.round > round || record.status === 'playing') return this.answerOf(room);
      const ready = await this.writer.change(room, (current) => allReady(current));
      const [host] = ready.doc.members;
      if (!host) throw new HoldfastError('too-few-players');
      try {
        await this.starter.start(ready, host.user, this.balancer, { waitMs, isAgreed: true });
      } catch (error) {
        const now = await this.records.mustRead(room);
        // Another request, for example of the host, has started a game first.
        if (now.round === round && now.status !== 'playing') throw error;
      }
      return this.answerOf(room);
    });
  }

  /**
   * Ends the game of a room. `close`: also closes the room.
   * @param endGame ends the game of this round, if the game still runs; must be idempotent
   * @throws `room-unknown`, `room-not-playing` without `close`
   */
  async end(key: string, room: RoomId, close: boolean, endGame: (round: number) => Promise<void>): Promise<ServiceAnswer> {
    return this.requests.run({ key, content: ['end', room, close], plan: () => this.roundOf(room) }, async ({ round }) => {
      const record = await this.records.read(room);
      // An earlier run of this request has closed the room.
      if (!record && close) return this.answerOf(room);
      if (!record) throw new HoldfastError('room-unknown');
      if (record.round === round) {
        if (record.status === 'playing') await endGame(round).catch(ignoreOver);
        else if (!close) throw new HoldfastError('room-not-playing');
      }
      if (close) await this.close(room);
      return this.answerOf(room);
    });
  }

  /** @throws `room-unknown` */
  async read(room: RoomId): Promise<ServiceAnswer> {
    return { id: room, room: viewOf(await this.records.mustRead(room)) };
  }

  private async answerOf(room: RoomId): Promise<ServiceAnswer> {
    const record = await this.records.read(room);
    return { id: room, room: record && viewOf(record) };
  }

  private async roundOf(room: RoomId): Promise<RoundPlan> {
    return { round: (await this.records.mustRead(room)).round };
  }

  private async createAs(room: RoomId, code: string | undefined, wish: ServiceRoom): Promise<void> {
    const { game, users, seats, region, options, password, teams, ...settings } = wish;
    const info = this.games.mustGet(game);
    if (options !== undefined) await this.optionsCheck.refuseFlawed(game, options);
    const people = await this.peopleOf(users);
    const [host, ...others] = people;
    const stored = {
      ...(options && { options }),
      ...(password !== undefined && { password: await hashPassword(password) }),
      ...(code !== undefined && { code }),
    };
    const begin = newRoom(
      host!,
      { ...settings, seats: info.seats, wanted: seats, region, teams: teams ?? info.teams, ...stored },
      this.rooms.now(),
    );
    if (people.length > begin.seats)
      throw new HoldfastError('bad-data', `users: the room has ${begin.seats} seats, and these are ${people.length} users`);
    const doc = others.reduce(withNewMember, begin);
    for (const { user } of people) await this.rooms.freeFor({ user }, room).catch((error: unknown) => refuse(error, user));
    // Writes the users' entries in `UserRooms` before the room's record, because entries without the record have no effect.
    await Promise.all(people.map(({ user }) => this.userRooms.move(user, { room, watching: false })));
    await this.notifyAll(await this.rooms.make(room, game, doc, people));
  }

  private async peopleOf(users: readonly ServiceUser[]): Promise<Person[]> {
    const unnamed = users.filter(({ name }) => name === undefined).map(({ user }) => user);
    const [names, found] = await Promise.all([
      unnamed.length > 0 ? this.directory.namesOf(unnamed) : new Map<UserId, string>(),
      Promise.all(users.map(({ user }) => this.sessions.find(user))),
    ]);
    return users.map(({ user, name }, index) => {
      const here = found[index] !== null && found[index]?.isAway === false;
      return { user, name: shownPlayerName(name, names.get(user), user), here };
    });
  }

  /**
   * Notifies the gateways of the members, so that their sessions enter the room. A gateway that misses the notice reads the record later.
   */
  private async notifyAll({ id, rev, doc }: RoomRecord, only?: UserId): Promise<void> {
    const users = doc.members.filter(({ user }) => only === undefined || user === only);
    await Promise.all(
      users.map(async ({ user }) => {
        const session = await this.sessions.find(user);
        if (session)
          await this.notices.send(session.gateway, { kind: 'bind', user, session: session.session, room: id, role: 'player', rev });
      }),
    ).catch((error: unknown) => this.log.debug('service.notice-failed', { roomId: id, error }));
  }

  /** Waits until no start is in progress in the room, and returns its record. The sweep cancels a start whose lobby died. */
  private async settled(room: RoomId, round: number): Promise<RoomRecord> {
    for (let tries = 0; tries < SETTLE_TRIES_MAX; tries++) {
      const record = await this.records.mustRead(room);
      if (record.status !== 'starting' || record.round > round) return record;
      await sleep(SETTLE_POLL_MS);
    }
    throw new HoldfastError('busy', 'The game of this room is being started. Repeat the request later with the same key.');
  }

  private async close(room: RoomId): Promise<void> {
    for (let tries = 0; tries < SETTLE_TRIES_MAX; tries++) {
      const record = await this.records.read(room);
      if (!record || (await this.writer.close(record, 'closed'))) return;
      // Tries again later, because the owner has not stored the end of the game yet or another write came first.
      await sleep(SETTLE_POLL_MS);
    }
    throw new HoldfastError('busy', 'The room could not be closed yet. Repeat the request later with the same key.');
  }
}

function allReady({ doc, round }: RoomRecord): RoomRecord['doc'] {
  return { ...doc, members: doc.members.map((member) => ({ ...member, readyRound: round })) };
}

function refuse(error: unknown, user: UserId): never {
  if (error instanceof HoldfastError && error.code === 'already-in-room')
    throw new HoldfastError('already-in-room', `The user ${user} is in another room.`);
  throw error;
}

/** Ignores the refusal to end a game that has already ended. */
function ignoreOver(error: unknown): void {
  if (!(error instanceof HoldfastError && error.code === 'room-not-playing')) throw error;
}
