import { Inject, Injectable } from '@nestjs/common';
import { LoadBalancerService } from '#libs/placement';
import { type Caller, HoldfastError, type UserId } from '#libs/protocol';
import type { RoomRecord } from '#libs/room-store';
import { SessionNotices, SessionStore } from '#libs/session';
import { Log } from '#libs/telemetry';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { LOBBY_OPTIONS, type LobbyOptions } from './lobby.options.js';
import { type MadeMatch, MatchQueue, type Searcher } from './match-queue.js';
import { newRoom } from './room-rules.js';
import { newRoomId, RoomService } from './room-service.js';

/** Finds others to play with, puts all in a room, and starts it: one call, and the next thing a player sees is the game. */
@Injectable()
export class Matchmaker {
  constructor(
    private readonly queue: MatchQueue,
    private readonly rooms: RoomService,
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
    const where = await this.rooms.whereIs(caller.user);
    if (where && !where.watching) throw new HoldfastError('already-in-room');
    const { user, name, session, gateway } = caller;
    const match = await this.queue.find(
      game,
      { user, name, session, gateway, region },
      info.seats.min,
      newRoomId(),
      this.options.matchWaitMs,
    );
    return match ? this.make(match) : null;
  }

  async cancel(user: UserId): Promise<boolean> {
    const game = await this.queue.gameOf(user);
    return game !== null && this.queue.cancel(game, user);
  }

  /** Idempotent: the match's id is its room's. */
  async make(match: MadeMatch): Promise<RoomRecord> {
    const [first] = match.people;
    const count = match.people.length;
    const name = match.people.map((person) => person.name).join(' – ');
    const doc = newRoom(first, { seats: { min: count, max: count }, name, near: first.region }, Date.now());
    const members = match.people.map(({ user, name }) => ({ user, name, readyRound: 0, here: true }));
    const users = match.people.map(({ user }) => user);
    const room = await this.rooms.make(match.id, match.game, { ...doc, members, private: true }, users);
    let started = room;
    try {
      started = await this.starter.start(room, first.user, this.balancer);
    } catch (error) {
      // They are together in a room; its owner can start when there is capacity.
      this.log.warn('match.start-failed', { roomId: room.id, error: String(error) });
    }
    await this.queue.done(match);
    await Promise.all(match.people.map((person) => this.tellMatched(person, room).catch(() => {})));
    return started;
  }

  /** Where the player is by now: gateways come and go while one waits. */
  private async tellMatched({ user, session, gateway }: Searcher, room: RoomRecord): Promise<void> {
    const now = (await this.sessions.find(user).catch(() => null)) ?? { session, gateway };
    await this.notices.send(now.gateway, { kind: 'bind', user, session: now.session, room: room.id, role: 'player', rev: room.rev });
  }
}
