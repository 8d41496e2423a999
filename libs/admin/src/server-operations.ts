import { Injectable } from '@nestjs/common';
import { EventSink, FleetEvents, FleetLinks, type ServerRecord, setCordoned } from '#libs/fleet';
import { Eviction } from '#libs/health';
import { PlacementPool } from '#libs/placement';
import { HoldfastError } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { DRAIN_WAIT_MS } from './admin.options.js';
import { ServerReader } from './server-reader.js';

/** What an operator does to servers. Each act may be repeated; what was meant for one incarnation never hits the next. */
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
    // Placement first: what the record says is then already so.
    await this.pool.withhold(server.id, 'cordoned', server.incarnation);
    await this.note(server, true);
  }

  /** Also one that was drained, or is just being drained: what has not moved by then stays. */
  async uncordon(id: string): Promise<void> {
    const server = onlyGames(await this.servers.fresh(id), 'uncordon');
    if (server.state === 'draining')
      throw new HoldfastError('server-lost', `${server.id} is leaving (SIGTERM) and takes no rooms any more; start another.`);
    if (await this.isDrained(server)) {
      const peer = await this.links.to(server);
      await peer.request('server.reopen', {});
    }
    await this.note(server, false);
    await this.pool.readmit(server.id, 'cordoned', server.incarnation);
  }

  /** Cordons it, and moves its rooms to the others while they are played. It stays cordoned until it is stopped or uncordoned. */
  async drain(id: string): Promise<{ moved: number; left: number }> {
    const server = await this.servers.fresh(id);
    if (server.type !== 'game')
      throw new HoldfastError('bad-data', `Only game servers have rooms to move; SIGTERM drains a ${server.type}.`);
    await this.cordon(id);
    const peer = await this.links.to(server);
    const outcome = (await peer.request('server.drain', {}, { timeoutMs: DRAIN_WAIT_MS })) as { moved: number; left: number };
    this.tell('server.drained', server, { ...outcome });
    return outcome;
  }

  /** Its rooms are recovered elsewhere; a process that lives finds itself evicted and joins anew, empty. */
  async evict(id: string): Promise<boolean> {
    const server = await this.servers.fresh(id);
    return this.eviction.evict(server, 'operator');
  }

  /** By placement's word: the process itself gives that reason, and takes it back. */
  private async isDrained({ id, incarnation }: ServerRecord): Promise<boolean> {
    const pooled = (await this.pool.status()).find(({ server }) => server === id);
    return pooled?.incarnation === incarnation && pooled.withheld.includes('draining');
  }

  private async note(server: ServerRecord, cordoned: boolean): Promise<void> {
    const { id, incarnation } = server;
    const answer = await setCordoned(this.redis.commands, id, incarnation, cordoned);
    if (answer !== 'ok') throw new HoldfastError('server-lost', `${id} has left, died or started anew in this moment.`);
    if (server.cordoned !== cordoned) this.tell(cordoned ? 'server.cordoned' : 'server.uncordoned', server);
    await this.events.publish({ kind: 'state', server: id, incarnation, reason: cordoned ? 'cordoned' : 'uncordoned' });
  }

  private tell(kind: 'server.cordoned' | 'server.uncordoned' | 'server.drained', server: ServerRecord, detail = {}): void {
    const { id, incarnation } = server;
    this.log.info(kind, { target: id, incarnation, reason: 'operator', ...detail });
    this.sink.tell({ kind, server: id, incarnation, reason: 'operator', detail });
  }
}

function onlyGames(server: ServerRecord, verb: string): ServerRecord {
  if (server.type !== 'game')
    throw new HoldfastError('bad-data', `${server.id} is a ${server.type} and gets no rooms; there is nothing to ${verb}.`);
  if (server.state === 'dead') throw new HoldfastError('server-lost', `${server.id} is dead (${server.deadReason}).`);
  return server;
}
