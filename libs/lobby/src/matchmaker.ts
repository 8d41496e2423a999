import { Inject, Injectable } from '@nestjs/common';
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

/** Finds others to play with, puts all in a room, and starts it: one call, and the next thing a player sees is the game. */
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

  /** The room, when this search completed a match; null: the caller waits, and is told when it is found. */
  async find(caller: Caller, game: string, region = this.rooms.regionOf(caller)): Promise<RoomRecord | null> {
    const info = this.games.mustGet(game);
    const { user, name, session, gateway, asked } = caller;
    const isFree = await this.userRooms.overtakeIfFree(user, asked);
    const isOvertaking = typeof isFree === 'boolean' ? isFree : await this.overtakeOutOf(isFree, caller);
    if (!isOvertaking) throw new HoldfastError('overtaken');
    return this.search(game, { user, name, session, gateway, region, asked }, info.seats.min);
  }

  /** What they looked for when this was asked; what they look for since goes on. */
  async cancel({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<boolean> {
    const game = await this.queue.gameOf(user);
    return game !== null && this.queue.cancel(game, user, asked);
  }

  /** As `UserRooms.overtake`, for one of whom it is kept that they are in this room; that is a hint. */
  private async overtakeOutOf(room: RoomId, { user, asked }: Caller): Promise<boolean> {
    const record = await this.records.read(room);
    if (record && isMember(record, user)) throw new HoldfastError('already-in-room');
    return this.userRooms.overtake(user, asked);
  }

  private async search(game: string, searcher: Searcher, people: number): Promise<RoomRecord | null> {
    const soughtAt = performance.now();
    const match = await this.queue.find(game, searcher, people, newRoomId(), this.options.matchWaitMs);
    if (match) return this.make(match, soughtAt);
    // The session may have ended while this was on its way to the queue, and have looked for it there in vain.
    const { user, asked } = searcher;
    if (!asked || !(await this.userRooms.standing(user, { asked, outlivesAdmissions: true })).isLate) return null;
    await this.queue.cancel(game, user, asked);
    throw new HoldfastError('overtaken');
  }

  /** A searcher has no connection any more: searches that were asked for before `asked` are void, also those on their way. */
  async searcherGone({ user, asked }: Pick<Caller, 'user' | 'asked'>): Promise<void> {
    if (await this.userRooms.overtake(user, asked)) await this.cancel({ user, asked });
  }

  /**
   * Idempotent: the match's id is its room's. Null: somebody of it was in it no more, and the others look on. `soughtAt`: before
   * it was found, by the monotonic clock; of one that was taken up nobody here knows.
   */
  async make(match: MadeMatch, soughtAt = Number.NEGATIVE_INFINITY): Promise<RoomRecord | null> {
    // Another lobby made it while this one slept, and it may be over by now. None takes up so young a match.
    const isOursAlone = performance.now() - soughtAt < MATCH_ABANDONED_MS / 2;
    if (!isOursAlone && !(await this.queue.isOpen(match))) return this.records.read(match.id);
    const sent = await Promise.all(match.people.map((person) => this.send(person, match.id)));
    if (sent.includes(false)) return this.dissolve(match, sent);
    const [first] = match.people;
    const count = match.people.length;
    const name = match.people.map((person) => person.name).join(' – ');
    const doc = newRoom(first, { seats: { min: count, max: count }, name, near: first.region }, this.rooms.now());
    const members = match.people.map(({ user, name }) => ({ user, name, readyRound: 0, here: true }));
    const whole = { ...doc, members, private: true };
    const room = await this.rooms.make(match.id, match.game, whole, match.people, { outlivesAdmissions: true });
    const isIn = match.people.map(({ user }) => isMember(room, user));
    if (room.status === 'waiting' && isIn.includes(false) && (await this.records.close(room, 'not-in-room')))
      return this.dissolve(match, isIn);
    let started = room;
    try {
      started = await this.starter.start(room, first.user, this.balancer);
    } catch (error) {
      // They are together in a room. The host can start the game when there is capacity.
      this.log.warn('match.start-failed', { roomId: room.id, error: String(error) });
    }
    await this.queue.done(match);
    await Promise.all(match.people.map((person) => this.tellMatched(person, room).catch(() => {})));
    return started;
  }

  /** False: they have gone elsewhere since they looked for a match. */
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

  /** Where the player is by now: gateways come and go while one waits. */
  private async tellMatched({ user, session, gateway }: Searcher, room: RoomRecord): Promise<void> {
    const now = (await this.sessions.find(user).catch(() => null)) ?? { session, gateway };
    await this.notices.send(now.gateway, { kind: 'bind', user, session: now.session, room: room.id, role: 'player', rev: room.rev });
  }
}

/** The searcher's session has ended since: nobody to look on for. */
function ignoreOvertaken(error: unknown): void {
  if (!(error instanceof HoldfastError && error.code === 'overtaken')) throw error;
}
