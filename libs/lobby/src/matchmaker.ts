import { Inject, Injectable } from '@nestjs/common';
import { sleep } from '#libs/async';
import { LoadBalancerService } from '#libs/placement';
import { type Caller, HoldfastError, type RoomId } from '#libs/protocol';
import { isMember, type RoomRecord, RoomRecords, UserRooms } from '#libs/room-store';
import { SessionNotices, SessionStore } from '#libs/session';
import { Log } from '#libs/telemetry';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { LOBBY_OPTIONS, type LobbyOptions, MATCH_ABANDONED_MS } from './lobby.options.js';
import { type MadeMatch, MatchQueue, type Searcher } from './match-queue.js';
import { newRoom } from './room-rules.js';
import { newRoomId, RoomService } from './room-service.js';

/** How long a cancel waits for the room of a match that is being made, in ms. */
const ROOM_CREATION_MS = 1_000;
/** Pause between two reads of the record of that room, in ms. */
const ROOM_POLL_MS = 20;

/** Finds players who want the same game, creates a room with them and starts the game, in one call. */
@Injectable()
export class Matchmaker {
  constructor(
    private readonly queue: MatchQueue,
    private readonly rooms: RoomService,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly starter: GameStarter,
    private readonly games: GameCatalogue,
    private readonly notices: SessionNotices,
    private readonly sessions: SessionStore,
    private readonly balancer: LoadBalancerService,
    private readonly log: Log,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
  ) {}

  /**
   * Adds a search of the caller. Returns the room if the search completes a match. Null: the caller waits, and gets a notice when a match
   * is found. Throws `already-in-room`, `overtaken`, or the refusals of `GameCatalogue.mustGet`.
   */
  async find(caller: Caller, game: string, region = this.rooms.regionOf(caller)): Promise<RoomRecord | null> {
    const info = this.games.mustGet(game);
    const { user, name, session, gateway, asked, claims } = caller;
    const isFree = await this.userRooms.overtakeIfFree(user, asked);
    const isOvertaking = typeof isFree === 'boolean' ? isFree : await this.overtakeOutOf(isFree, caller);
    if (!isOvertaking) throw new HoldfastError('overtaken');
    return this.search(game, { user, name, session, gateway, region, asked, ...(claims && { claims }) }, info.seats.min);
  }

  /**
   * Cancels the user's search if it is older than `asked`, and voids all older requests of the user, so that none of them can take the user
   * into a room later. Returns false when no search was cancelled, for example because a match was found.
   *
   * @throws `overtaken` when a newer request has been carried out already
   */
  async cancel(caller: Pick<Caller, 'user' | 'asked'>): Promise<boolean> {
    const { user, asked } = caller;
    const deadline = performance.now() + ROOM_CREATION_MS;
    for (;;) {
      const room = await this.userRooms.overtakeIfFree(user, asked);
      if (room === true) return this.stopSearching(caller);
      if (room === false) throw new HoldfastError('overtaken');
      const record = await this.records.read(room);
      if (record && isMember(record, user)) return false;
      // If the room has no record, the lobby that made the match may be about to create it.
      if (record || performance.now() > deadline) break;
      await sleep(ROOM_POLL_MS);
    }
    if (!(await this.userRooms.overtake(user, asked))) throw new HoldfastError('overtaken');
    return this.stopSearching(caller);
  }

  private async stopSearching({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<boolean> {
    const game = await this.queue.gameOf(user);
    return game !== null && this.queue.cancel(game, user, asked);
  }

  /**
   * Does the same as `UserRooms.overtake`, for a user whose entry in `UserRooms` names this room. The entry is only a hint, so this throws
   * `already-in-room` only when the room's record also lists the user as a member.
   */
  private async overtakeOutOf(room: RoomId, { user, asked }: Caller): Promise<boolean> {
    const record = await this.records.read(room);
    if (record && isMember(record, user)) throw new HoldfastError('already-in-room');
    return this.userRooms.overtake(user, asked);
  }

  private async search(game: string, searcher: Searcher, people: number): Promise<RoomRecord | null> {
    const soughtAt = performance.now();
    const match = await this.queue.find(game, searcher, people, newRoomId(), this.options.matchWaitMs);
    if (match) return this.make(match, soughtAt);
    // The session may have ended before the search was in the queue. Its departure then did not find the search, so it is cancelled here.
    const { user, asked } = searcher;
    if (!asked || !(await this.userRooms.moveStatus(user, { asked, outlivesAdmissions: true })).isLate) return null;
    await this.queue.cancel(game, user, asked);
    throw new HoldfastError('overtaken');
  }

  /**
   * For a user without a connection: cancels the search if it is not newer than `asked`, also when a lobby has not put it into the queue
   * yet.
   */
  async searcherGone({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    if (await this.userRooms.overtake(user, asked)) await this.stopSearching({ user, asked });
  }

  /**
   * Creates the room of a match and starts the game. Idempotent, because the match has the id of its room. Null: a player has moved to
   * another room since, and the searches of the other players return to the queue. For a match whose room was made and closed before: also
   * null.
   *
   * @param soughtAt a time before the match was found, in ms of the monotonic clock; absent for the match of a lobby that died
   */
  async make(match: MadeMatch, soughtAt = Number.NEGATIVE_INFINITY): Promise<RoomRecord | null> {
    // Other lobbies take over a match only when it is older than `MATCH_ABANDONED_MS`. If this lobby was suspended for longer, another lobby
    // may have made the room, and the game may be over.
    const isUndisputed = performance.now() - soughtAt < MATCH_ABANDONED_MS / 2;
    if (!isUndisputed && !(await this.queue.isOpen(match))) return this.records.read(match.id);
    const sent = await Promise.all(match.people.map((person) => this.send(person, match.id)));
    if (sent.includes(false)) return this.dissolve(match, sent);
    const [first] = match.people;
    const count = match.people.length;
    const name = match.people.map((person) => person.name).join(' – ');
    const doc = newRoom(first!, { seats: { min: count, max: count }, name, near: first!.region }, this.rooms.now());
    const members = match.people.map(({ user, name, claims }) => ({ user, name, ...(claims && { claims }), readyRound: 0, here: true }));
    const completeDoc = { ...doc, members, private: true };
    const room = await this.rooms.make(match.id, match.game, completeDoc, match.people, { outlivesAdmissions: true });
    const isIn = match.people.map(({ user }) => isMember(room, user));
    if (room.status === 'waiting' && isIn.includes(false) && (await this.records.close(room, 'not-in-room')))
      return this.dissolve(match, isIn);
    let started = room;
    try {
      started = await this.starter.start(room, first!.user, this.balancer);
    } catch (error) {
      // The players stay together in the room. The host can start the game when there is capacity.
      this.log.warn('match.start-failed', { roomId: room.id, error });
    }
    await this.queue.done(match);
    await Promise.all(match.people.map((person) => this.notifyMatched(person, room).catch(() => {})));
    return started;
  }

  /** Moves a player to the room of the match. False: the user has moved since the search. */
  private send({ user, asked }: Searcher, room: RoomId): Promise<boolean> {
    return this.userRooms.move(user, { room, watching: false }, { asked, outlivesAdmissions: true });
  }

  private async dissolve(match: MadeMatch, sent: readonly boolean[]): Promise<null> {
    this.log.info('match.dissolved', { roomId: match.id, people: match.people.length, gone: sent.filter((isSent) => !isSent).length });
    await this.queue.done(match);
    const others = match.people.filter((_, index) => sent[index]);
    await Promise.all(
      others.map(({ user, asked }) => this.userRooms.move(user, null, { asked, outlivesAdmissions: true, from: match.id })),
    );
    for (const person of others) await this.search(match.game, person, match.people.length).catch(ignoreOvertaken);
    return null;
  }

  /** Notifies the current gateway of the player, which may have changed during the search. */
  private async notifyMatched({ user, session, gateway }: Searcher, room: RoomRecord): Promise<void> {
    const now = (await this.sessions.find(user).catch(() => null)) ?? { session, gateway };
    await this.notices.send(now.gateway, { kind: 'bind', user, session: now.session, room: room.id, role: 'player', rev: room.rev });
  }
}

/** Ignores `overtaken`: the session of the user has ended or the user has moved, so no search is needed. */
function ignoreOvertaken(error: unknown): void {
  if (!(error instanceof HoldfastError && error.code === 'overtaken')) throw error;
}
