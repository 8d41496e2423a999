import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import { LoadBalancerService } from '#libs/placement';
import { type Control, HoldfastError, type ServerId, type UserId } from '#libs/protocol';
import { type RoomRecord, RoomRecords, readNews } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { START_TRIES_MAX } from './lobby.options.js';
import { checkStart } from './room-rules.js';
import { RoomService } from './room-service.js';

export interface StartTerms {
  /** How long to wait for a free server. */
  readonly waitMs?: number;
  /** Asked again whenever the room has changed meanwhile; refuses by throwing. */
  readonly stillWanted?: () => Promise<void>;
}

/**
 * Starts the game of a room: from `waiting` over `starting` to `playing`. The start has an id that the game server must
 * show to the store, so a start that was given up can never become a game later, and asking two servers makes one game.
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

  /** The record of the room in play. Throws what `checkStart` throws, `no-capacity`, `game-failed`, or what kept the servers from it. */
  async start(room: RoomRecord, user: UserId, balancer: LoadBalancerService, terms: StartTerms = {}): Promise<RoomRecord> {
    const players = checkStart(room, user);
    refuseFailedSetup(room);
    const start = randomUUID();
    const doc = { ...room.doc, players: players.map((player) => player.user) };
    const starting = await this.records.save(room, { doc, status: 'starting', start });
    if (!starting) {
      const changed = await this.rooms.mustRead(room.id);
      await terms.stillWanted?.();
      return this.start(changed, user, balancer, terms);
    }
    let news: string | undefined;
    try {
      news = await this.open(room, start, players, balancer, terms.waitMs);
    } catch (error) {
      const record = await this.rooms.mustRead(room.id);
      // The answer was lost, not the game.
      if (record.start === start && record.status === 'playing') return record;
      await this.takeBack(record, start);
      await balancer.cancel(room.id).catch(() => {});
      throw error;
    }
    // Somebody else may have changed the room while the game was set up.
    const opened = news === undefined ? null : readNews(starting, news);
    return opened?.kind === 'record' ? opened.record : this.rooms.mustRead(room.id);
  }

  /** Back to `waiting`, if this start is still the one under way. */
  async takeBack(record: RoomRecord, start: string): Promise<void> {
    if (record.status !== 'starting' || record.start !== start) return;
    await this.records.save(record, { status: 'waiting', start: 'none' });
  }

  /** What the game server published of the room; undefined: another asked it before, or it is of a version that does not say. */
  private async open(
    room: RoomRecord,
    start: string,
    players: readonly { user: UserId; name: string }[],
    balancer: LoadBalancerService,
    waitMs: number | undefined,
  ): Promise<string | undefined> {
    const exclude: ServerId[] = [];
    const { region, build, near } = room.doc;
    const request = { room: room.id, game: room.game, players: players.length, region, build, prefer: { region: near }, exclude };
    const seats = players.map(({ user, name }) => ({ user, name }));
    for (let tries = 1; ; tries++) {
      const { server } = await balancer.place(request, { waitMs });
      try {
        const record = this.directory.get(server);
        if (!record) throw new HoldfastError('server-lost');
        const peer = await this.links.to(record);
        const opening: Control['room.open']['data'] = { room: room.id, game: room.game, start, round: room.round, players: seats };
        const { news } = (await peer.request('room.open', opening)) as Control['room.open']['answer'];
        await balancer.confirm(room.id).catch(() => {});
        return news;
      } catch (error) {
        const mayHelp = error instanceof HoldfastError && error.retry && tries < START_TRIES_MAX;
        this.log.warn('start.failed', { roomId: room.id, target: server, error: String(error), again: mayHelp });
        if (!mayHelp) throw error;
        // The set-up may be what the server was lost to: then no other server is lost to it.
        refuseFailedSetup(await this.rooms.mustRead(room.id));
        exclude.push(server);
      }
    }
  }
}

function refuseFailedSetup({ hasFailedSetup, game }: RoomRecord): void {
  if (hasFailedSetup)
    throw new HoldfastError('game-failed', `A server was lost while it set up ${game} in this room. Make another room to try again.`);
}
