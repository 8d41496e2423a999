import { Injectable } from '@nestjs/common';
import { EventSink, FleetEvents, FleetLinks, type ServerRecord, setCordoned } from '#libs/fleet';
import { Eviction } from '#libs/health';
import { PlacementPool } from '#libs/placement';
import { HoldfastError } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { DRAIN_PROGRESS_MS, DRAIN_WAIT_MS } from './admin.options.js';
import { ServerReader } from './server-reader.js';

/** Number of rooms on a server when its drain began (`total`), and now (`left`). */
export interface DrainProgress {
  readonly total: number;
  readonly left: number;
}

export interface DrainOutcome {
  readonly moved: number;
  readonly left: number;
}

/**
 * Executes an operator's requests about servers. Each operation is idempotent. An operation never affects a later incarnation of the
 * server.
 */
@Injectable()
export class ServerOperations {
  constructor(
    private readonly servers: ServerReader,
    private readonly redis: RedisConnections,
    private readonly events: FleetEvents,
    private readonly links: FleetLinks,
    private readonly pool: PlacementPool,
    private readonly eviction: Eviction,
    private readonly sink: EventSink,
    private readonly log: Log,
  ) {}

  async cordon(id: string): Promise<void> {
    const server = onlyGames(await this.servers.fresh(id), 'cordon');
    // Withholds the server from placement first, so that the record never says `cordoned` while placement still chooses the server.
    await this.pool.withhold(server.id, 'cordoned', server.incarnation);
    await this.note(server, true);
  }

  /** Reopens a cordoned or drained server. It also stops a running drain; rooms that have not migrated yet stay on the server. */
  async uncordon(id: string): Promise<void> {
    const server = onlyGames(await this.servers.fresh(id), 'uncordon');
    if (server.state === 'draining')
      throw new HoldfastError('server-lost', `${server.id} is shutting down (SIGTERM) and takes no more rooms. Start another server.`);
    if (await this.isDrained(server)) {
      const peer = await this.links.to(server);
      await peer.request('server.reopen', {});
    }
    await this.note(server, false);
    await this.pool.readmit(server.id, 'cordoned', server.incarnation);
  }

  /**
   * Cordons the server, and migrates its rooms to other servers during their games. The server remains cordoned until it stops or an
   * operator uncordons it.
   *
   * @param onProgress called once a second while the drain runs
   * @returns resolves as soon as the server is cordoned; `outcome` resolves when the drain ends
   */
  async drain(id: string, onProgress: (progress: DrainProgress) => void = () => {}): Promise<{ readonly outcome: Promise<DrainOutcome> }> {
    const server = await this.servers.fresh(id);
    if (server.type !== 'game')
      throw new HoldfastError('bad-data', `Only game servers have rooms to migrate. To drain a ${server.type}, send it SIGTERM.`);
    await this.cordon(id);
    const peer = await this.links.to(server);
    const outcome = this.followDrain(server, peer.request('server.drain', {}, { timeoutMs: DRAIN_WAIT_MS }), onProgress);
    // Prevents an unhandled rejection, because the caller may await the outcome only later.
    outcome.catch(() => {});
    return { outcome };
  }

  private async followDrain(
    server: ServerRecord,
    drain: Promise<unknown>,
    onProgress: (progress: DrainProgress) => void,
  ): Promise<DrainOutcome> {
    const report = (): void => onProgress({ total: server.rooms, left: this.servers.roomsNow(server) });
    report();
    const timer = setInterval(report, DRAIN_PROGRESS_MS);
    try {
      const { moved, left } = (await drain) as DrainOutcome;
      onProgress({ total: moved + left, left });
      this.publishState('server.drained', server, { moved, left });
      return { moved, left };
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Evicts the server. Returns false when the server is dead already or has a newer incarnation. Other servers recover the rooms of an
   * evicted server. If its process is still alive, it registers again without rooms.
   */
  async evict(id: string): Promise<boolean> {
    const server = await this.servers.fresh(id);
    return this.eviction.evict(server, 'operator');
  }

  /** Returns true when placement withholds the server because of a drain. */
  private async isDrained({ id, incarnation }: ServerRecord): Promise<boolean> {
    const pooled = (await this.pool.status()).find(({ server }) => server === id);
    return pooled?.incarnation === incarnation && pooled.withheld.includes('draining');
  }

  private async note(server: ServerRecord, cordoned: boolean): Promise<void> {
    const { id, incarnation } = server;
    const answer = await setCordoned(this.redis.commands, id, incarnation, cordoned);
    if (answer !== 'ok') throw new HoldfastError('server-lost', `${id} has left, died or restarted at this moment. Read its state again.`);
    if (server.cordoned !== cordoned) this.publishState(cordoned ? 'server.cordoned' : 'server.uncordoned', server);
    await this.events.publish({ kind: 'state', server: id, incarnation, reason: cordoned ? 'cordoned' : 'uncordoned' });
  }

  private publishState(kind: 'server.cordoned' | 'server.uncordoned' | 'server.drained', server: ServerRecord, detail = {}): void {
    const { id, incarnation } = server;
    this.log.info(kind, { target: id, incarnation, reason: 'operator', ...detail });
    this.sink.publish({ kind, server: id, incarnation, reason: 'operator', detail });
  }
}

function onlyGames(server: ServerRecord, verb: string): ServerRecord {
  if (server.type !== 'game')
    throw new HoldfastError('bad-data', `${server.id} is a ${server.type} and gets no rooms. Only game servers can be ${verb}ed.`);
  if (server.state === 'dead') throw new HoldfastError('server-lost', `${server.id} is dead (${server.deadReason}).`);
  return server;
}
