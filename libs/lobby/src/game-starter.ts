import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import { REQUEST_TIMEOUT_MS_DEFAULT } from '#libs/link';
import { LoadBalancerService } from '#libs/placement';
import { type Caller, type Control, HoldfastError, type ServerId, type TeamRules, toErrorBody, type UserId } from '#libs/protocol';
import { type DocMember, type RoomRecord, RoomRecords, readNews } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { asHost } from './host-rules.js';
import { CAS_TRIES_MAX, START_TRIES_MAX } from './lobby.options.js';
import { checkStart } from './room-rules.js';
import { RoomService } from './room-service.js';
import { smallestTeam } from './smallest-team.js';

type StartSeat = Control['room.open']['data']['players'][number];

export interface StartTerms {
  /** Maximum wait for a free slot, in ms. */
  readonly waitMs?: number;
  /**
   * Called before each further attempt to start the game, after another write to the room has made an attempt fail. The callback throws an
   * error to cancel the start.
   */
  readonly stillWanted?: () => Promise<void>;
  /** True: all members have agreed to the game, so `user` need not be the host. */
  readonly isAgreed?: boolean;
}

/**
 * Starts the game of a room: `waiting`, then `starting`, then `playing`. Each start has an id, and Redis opens the room only for the
 * current id. So a cancelled start never opens a game, and a start that two servers receive opens only one game.
 */
@Injectable()
export class GameStarter {
  constructor(
    private readonly rooms: RoomService,
    private readonly records: RoomRecords,
    private readonly links: FleetLinks,
    private readonly directory: ServerDirectory,
    private readonly log: Log,
  ) {}

  /**
   * Starts the game and returns the record of the room in play.
   *
   * @throws the refusals of `checkStart`, `room-unknown`, `no-capacity`, `game-failed`, `overtaken` when the start was cancelled, or the
   *   error of the server
   */
  async start(room: RoomRecord, user: UserId, balancer: LoadBalancerService, terms: StartTerms = {}): Promise<RoomRecord> {
    const now = this.rooms.now();
    const { isAgreed = false } = terms;
    const before = isAgreed ? room.doc : asHost(room, user, now);
    const players = checkStart({ ...room, doc: before }, user, { now, isAgreed });
    refuseFailedSetup(room);
    const start = randomUUID();
    const beganAt = performance.now();
    const host = players.some((player) => player.user === before.host) ? before.host : players[0]!.user;
    const { startFailure: _, ...rest } = before;
    const doc = { ...rest, host, members: players, players: players.map((player) => player.user) };
    const starting = await this.records.save(room, { doc, status: 'starting', start });
    if (!starting) {
      const changed = await this.records.mustRead(room.id);
      await terms.stillWanted?.();
      return this.start(changed, user, balancer, terms);
    }
    let news: string | undefined;
    try {
      news = await this.open(room, start, players, balancer, terms.waitMs);
    } catch (error) {
      const record = await this.records.mustRead(room.id);
      // The server has opened the game, but its answer was lost.
      if (record.start === start && record.status === 'playing') return record;
      // If this start was cancelled, the reservation of the room may belong to a later start and must stay.
      if (record.start === start) {
        await this.takeBack(record, start, error);
        await balancer.cancel(room.id).catch(() => {});
      }
      throw error;
    }
    const ms = Math.round(performance.now() - beganAt);
    this.log.life('game.started', { roomId: room.id, game: room.game, round: room.round, ms, users: doc.players });
    // Returns the current record, because the room may have changed during the setup of the game.
    const opened = news === undefined ? null : readNews(starting, news);
    return opened?.kind === 'record' ? opened.record : this.records.mustRead(room.id);
  }

  /**
   * Makes the caller ready for another game. Starts the game when all members who are present have agreed. Returns the record of the room.
   *
   * @throws `not-in-room`, `room-playing`, `bad-data` before the first game of the room has ended, or an error of `start`
   */
  async rematch(caller: Caller, balancer: LoadBalancerService): Promise<RoomRecord> {
    const { round } = await this.rooms.roomOf(caller);
    if (round === 0) throw new HoldfastError('bad-data', 'No game has ended in this room yet. Use rooms.ready and rooms.start.');
    const ready = await this.rooms.setReady(caller, true);
    const stillWanted = (): Promise<void> => this.rooms.refuseLate(caller);
    try {
      return await this.start(ready, caller.user, balancer, { stillWanted, isAgreed: true });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      // Other members have not agreed yet, or a concurrent agreement has started the game.
      if (error.code === 'not-ready' || error.code === 'too-few-players') return ready;
      if (error.code === 'room-playing') return this.records.mustRead(ready.id);
      throw error;
    }
  }

  /**
   * Cancels each start that the caller has requested earlier, also a start that has not begun yet. Returns the record of the room. Its
   * status is `playing` if the game has already started. Idempotent.
   *
   * @throws `not-in-room`, `not-owner`, `overtaken`, or `busy` after too many concurrent writes
   */
  async cancel(caller: Caller, balancer: LoadBalancerService): Promise<RoomRecord> {
    await this.rooms.overtake(caller);
    for (let tries = 0; tries < CAS_TRIES_MAX; tries++) {
      const record = await this.rooms.roomOf(caller);
      asHost(record, caller.user, this.rooms.now());
      if (record.status === 'playing') return record;
      // Writes the room also when its status is already `waiting`. A start that has read the room earlier then fails at its own write.
      const saved = await this.records.save(record, { status: 'waiting', start: 'none' });
      if (!saved) continue;
      if (record.status === 'starting') await balancer.cancel(record.id).catch(() => {});
      return saved;
    }
    throw new HoldfastError('busy');
  }

  /**
   * Sets the room back to `waiting` if this is still the current start. `error`: the reason for the failure. All members see the reason in
   * the data of the room, because only the host gets the answer to the request.
   */
  async takeBack(record: RoomRecord, start: string, error?: unknown): Promise<void> {
    if (record.status !== 'starting' || record.start !== start) return;
    const { code, message } = toErrorBody(error);
    const doc = error instanceof HoldfastError ? { ...record.doc, startFailure: { code, message } } : record.doc;
    await this.records.save(record, { doc, status: 'waiting', start: 'none' });
  }

  /**
   * Places the room, and asks the chosen server to open the game. Tries at most `START_TRIES_MAX` servers. Returns the message about the
   * room that the server published on the room's channel. Undefined: the game was open already, or a server of an older release has opened
   * it.
   */
  private async open(
    room: RoomRecord,
    start: string,
    players: readonly DocMember[],
    balancer: LoadBalancerService,
    waitMs: number | undefined,
  ): Promise<string | undefined> {
    const exclude: ServerId[] = [];
    const { region, build, near, options, mode, teams, watchDelayMs, filledTo = 0 } = room.doc;
    const request = {
      room: room.id,
      game: room.game,
      players: Math.max(players.length, filledTo),
      region,
      build,
      prefer: { region: near },
      exclude,
    };
    const seats: StartSeat[] = players.map(({ user, name, claims, team }) => ({
      user,
      name,
      ...(claims && { claims }),
      ...(team !== undefined && { team }),
    }));
    while (seats.length < filledTo) seats.push(botOf(seats, teams));
    const stillWanted = async (): Promise<void> => {
      const { start: current } = await this.records.mustRead(room.id);
      if (current !== start) throw new HoldfastError('overtaken');
    };
    const beganAt = performance.now();
    for (let tries = 1; ; tries++) {
      const { server } = await balancer.place(request, { waitMs, stillWanted });
      let loadMs = 0;
      try {
        const record = this.directory.get(server);
        if (!record) throw new HoldfastError('server-lost');
        // Refuses a server of an earlier release that does not support a property of this room, because the server would ignore the
        // property and start the game without it.
        const offered = record.games[room.game];
        const isUnsupported =
          (options && !offered?.options) ||
          (teams && !offered?.supportsTeams) ||
          (watchDelayMs && !offered?.supportsWatchDelay) ||
          (players.length < filledTo && !offered?.bots);
        if (isUnsupported) {
          throw new HoldfastError('unavailable', `${server} does not support the options, teams, bots or delay of this room.`);
        }
        const peer = await this.links.to(record);
        const opening: Control['room.open']['data'] = {
          room: room.id,
          game: room.game,
          start,
          round: room.round,
          players: seats,
          ...(options && { options }),
          ...(mode !== undefined && { mode }),
        };
        loadMs = record.games[room.game]?.loadMs ?? 0;
        const timeoutMs = REQUEST_TIMEOUT_MS_DEFAULT + loadMs;
        const { news } = (await peer.request('room.open', opening, { timeoutMs })) as Control['room.open']['answer'];
        await balancer.confirm(room.id).catch(() => {});
        return news;
      } catch (error) {
        // Does not repeat a failed load on another server, because the load would fail there, too. After a long load there is no time left
        // for a third server (`startAbandonedMs`).
        const isInTime = loadMs === 0 || performance.now() - beganAt <= loadMs;
        const isRetried = error instanceof HoldfastError && error.retry && error.code !== 'load-failed';
        const mayHelp = isRetried && isInTime && tries < START_TRIES_MAX;
        this.log.warn('start.failed', { roomId: room.id, target: server, error, again: mayHelp });
        if (!mayHelp) throw error;
        // Ends the start if the setup of the game killed the server, because it could kill the next server as well.
        refuseFailedSetup(await this.records.mustRead(room.id));
        exclude.push(server);
      }
    }
  }
}

function refuseFailedSetup({ hasFailedSetup, game }: RoomRecord): void {
  if (hasFailedSetup)
    throw new HoldfastError('game-failed', `A server was lost while it set up ${game} in this room. Make another room to try again.`);
}

/** Returns a bot for the next seat, in the team with the fewest players. */
function botOf(seats: readonly StartSeat[], teams: TeamRules | undefined): StartSeat {
  const bots = seats.filter(({ bot }) => bot).length;
  return {
    user: `bot:${seats.length}` as UserId,
    name: `Bot ${bots + 1}`,
    ...(teams && { team: smallestTeam(teams, seats) }),
    bot: true,
  };
}
