import { Inject, Injectable, Optional } from '@nestjs/common';
import { sleep } from '#libs/async';
import { describeVersions, EventSink, FleetLinks, LinkTrust, ServerDirectory, takesVersion } from '#libs/fleet';
import { LoadBalancerService, type Place } from '#libs/placement';
import { type AdoptResult, HoldfastError, type RoomId, type RoomTenure, type ServerId } from '#libs/protocol';
import { RedisConnections, RedisLease, redisName } from '#libs/redis';
import { EndedGameStore, RoomLog, type RoomOwnership, type RoomRecord, RoomRecords } from '#libs/room-store';
import { SETTLE_WAIT_MS, StoreSettlement } from '#libs/settlement';
import { Log, Metrics } from '#libs/telemetry';
import { Tracer, traced } from '#libs/tracing';
import { LossAges } from './loss-ages.js';
import {
  ADOPT_TIMEOUT_MS,
  BATCHES_AT_ONCE,
  CLAIM_MS,
  NO_CAPACITY_RETRY_MS,
  RECOVERY_OPTIONS,
  type RecoveryOptions,
} from './recovery.options.js';

interface Placed {
  readonly record: RoomRecord;
  readonly server: ServerId;
}

/**
 * Moves the rooms of a lost server to other servers. Two processes can safely recover the same rooms at the same time: an adoption is a
 * compare-and-set on epoch and owner, so only one of them succeeds. After an interruption, the next run finds the remaining rooms.
 */
@Injectable()
export class RoomRecovery {
  private readonly inProgress = new Map<string, Promise<void>>();
  /** For each lost owner: the number of its rooms that wait for a new owner. */
  private readonly waiting = new Map<string, number>();
  private readonly ages: LossAges;

  constructor(
    private readonly redis: RedisConnections,
    private readonly records: RoomRecords,
    private readonly roomLog: RoomLog,
    private readonly endedGames: EndedGameStore,
    private readonly balancer: LoadBalancerService,
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
    private readonly sink: EventSink,
    private readonly log: Log,
    private readonly metrics: Metrics,
    private readonly trust: LinkTrust,
    private readonly settlement: StoreSettlement,
    @Inject(RECOVERY_OPTIONS) private readonly options: RecoveryOptions,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {
    this.ages = new LossAges(redis, 2 * options.orphanTtlMs);
    this.metrics.roomsWithoutOwner.set(0);
  }

  /**
   * Recovers all rooms of this owner. Resolves when the owner has no room any more. Concurrent calls for one owner share one recovery.
   * Rejects when Redis does not answer, or when most servers have a different link secret from this process. The rooms then wait for
   * another call, here or in another process.
   */
  recover(owner: RoomOwnership): Promise<void> {
    const key = `${owner.server}:${owner.incarnation}`;
    let recovery = this.inProgress.get(key);
    if (!recovery) {
      const attributes = { 'holdfast.server': owner.server, 'holdfast.incarnation': owner.incarnation };
      recovery = traced(this.tracer, 'recovery', attributes, () => this.recoverAll(owner)).finally(() => {
        this.inProgress.delete(key);
        this.ages.forget(owner);
      });
      this.inProgress.set(key, recovery);
    }
    return recovery;
  }

  /** Calls `recover` under a lease. Resolves immediately, without a recovery, when another process has the lease. */
  async recoverUnclaimed(owner: RoomOwnership): Promise<void> {
    const lease = new RedisLease(this.redis, redisName(`recovering:${owner.server}:${owner.incarnation}`), CLAIM_MS);
    await lease.run(() => this.recover(owner));
  }

  private async recoverAll(owner: RoomOwnership): Promise<void> {
    const startedAt = performance.now();
    await this.untilSettled();
    let left = await this.records.roomsOf(owner.server, owner.incarnation);
    const total = await this.countOwned(left, owner);
    // Reports also a recovery that begins without a room, because the process that recovered the rooms may have died before its own report.
    if (total === 0) this.sink.publish({ kind: 'recovery.done', ...owner, reason: 'server-lost', detail: { rooms: 0, ms: 0 } });
    else {
      this.log.info('recovery.started', { target: owner.server, incarnation: owner.incarnation, rooms: total });
      this.sink.publish({ kind: 'recovery.started', ...owner, reason: 'server-lost', detail: { rooms: total } });
    }
    try {
      while (left.length > 0) {
        this.reportWaiting(owner, Math.min(left.length, total));
        left = await this.recoverOnce(left, owner);
        if (left.length > 0) await sleep(NO_CAPACITY_RETRY_MS);
      }
    } finally {
      this.reportWaiting(owner, 0);
    }
    if (total === 0) return;
    this.metrics.recoverySeconds.observe((performance.now() - startedAt) / 1_000);
    const ms = Math.round(performance.now() - startedAt);
    this.log.info('recovery.done', { target: owner.server, incarnation: owner.incarnation, rooms: total, ms });
    this.sink.publish({ kind: 'recovery.done', ...owner, reason: 'server-lost', detail: { rooms: total, ms } });
  }

  /**
   * Returns the number of rooms that the lost server owned. Its index can contain others: a server that was suspended adds a room when it
   * wakes, although another server plays this room meanwhile.
   */
  private async countOwned(rooms: readonly RoomId[], owner: RoomOwnership): Promise<number> {
    const digests = await this.records.readDigests(rooms);
    return digests.filter((digest) => digest !== null && isOwnedBy(digest, owner)).length;
  }

  /** Tries once to recover the rooms. Returns the rooms that need another attempt. */
  private async recoverOnce(rooms: readonly RoomId[], owner: RoomOwnership): Promise<RoomId[]> {
    // An outvoted process has a different link secret from most servers, so it has no links. Another gateway does the cleanup.
    if (this.trust.isOutvoted) throw new HoldfastError('unavailable', this.trust.problem ?? undefined);
    await this.untilSettled();
    const left: RoomId[] = [];
    const lostMs = await this.ages.ageMs(owner);
    const batches: RoomId[][] = [];
    for (let at = 0; at < rooms.length; at += this.options.roomsAtOnce) batches.push(rooms.slice(at, at + this.options.roomsAtOnce));
    const worker = async (): Promise<void> => {
      for (let batch = batches.pop(); batch; batch = batches.pop()) left.push(...(await this.recoverBatch(batch, owner, lostMs)));
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, worker));
    return left;
  }

  /** Updates the metric of rooms without an owner, as the sum over all recoveries of this process. */
  private reportWaiting({ server, incarnation }: RoomOwnership, rooms: number): void {
    const key = `${server}:${incarnation}`;
    if (rooms === 0) this.waiting.delete(key);
    else this.waiting.set(key, rooms);
    this.metrics.roomsWithoutOwner.set([...this.waiting.values()].reduce((sum, each) => sum + each, 0));
  }

  /**
   * Waits until the store is settled. Before that, the record of a room can be outdated because the store lost data. Rejects when there is
   * no connection to Redis.
   */
  private async untilSettled(): Promise<void> {
    while (!this.settlement.isSettled) {
      await this.settlement.whenSettled(SETTLE_WAIT_MS).catch((error: unknown) => {
        if (!this.redis.isReady) throw error;
      });
    }
  }

  /** Recovers the rooms of the batch, and ends the games that have waited too long. Returns the rooms that need another attempt. */
  private async recoverBatch(batch: readonly RoomId[], owner: RoomOwnership, lostMs: number): Promise<RoomId[]> {
    const records = await this.records.readMany(batch);
    const done: RoomId[] = [];
    const lost: RoomRecord[] = [];
    const over: RoomId[] = [];
    for (let index = 0; index < batch.length; index++) {
      const record = records[index];
      if (!record || !isOwnedBy(record, owner)) over.push(batch[index]!);
      else if (record.durability === 'none') {
        if (await this.roomLog.abandon(record.id, { ...owner, epoch: record.epoch }, { reason: 'server-lost' }))
          this.sink.publish({ kind: 'room.given-up', room: record.id, server: owner.server, reason: 'not-durable' });
        done.push(record.id);
      } else if (lostMs > this.options.orphanTtlMs) {
        if (await this.roomLog.abandon(record.id, { ...owner, epoch: record.epoch }, { reason: 'orphaned' })) {
          this.log.warn('recovery.room-orphaned', { roomId: record.id });
          this.sink.publish({ kind: 'room.given-up', room: record.id, server: owner.server, reason: 'orphaned' });
        }
        done.push(record.id);
      } else lost.push(record);
    }
    done.push(...(await Promise.all([this.revive(lost, owner), this.finish(over, owner)])).flat());
    for (const id of done) this.refusedBy.delete(id);
    await this.records.forgetOwner(done, owner.server, owner.incarnation);
    return batch.filter((id) => !done.includes(id));
  }

  /**
   * Asks servers to run the remaining effects of rooms that the lost owner no longer owns. Returns the rooms that need no further attempt:
   * rooms without effects, and rooms whose effects a server has accepted.
   */
  private async finish(over: readonly RoomId[], owner: RoomOwnership): Promise<RoomId[]> {
    const hasEffects = await Promise.all(over.map((room) => this.endedGames.hasLastEffects(room)));
    const left = over.filter((_, index) => hasEffects[index]);
    const done = over.filter((_, index) => !hasEffects[index]);
    if (left.length === 0) return done;
    const unreachable = this.outOfReach();
    const ready = this.directory
      .byType('game')
      .filter(({ id, state }) => state === 'ready' && (id !== owner.server || this.isBack(owner)) && !unreachable.includes(id));
    const able = ready.some(({ canary }) => !canary) ? ready.filter(({ canary }) => !canary) : ready;
    if (able.length === 0) return done;
    const server = able[Math.floor(Math.random() * able.length)]!.id;
    // Sends epoch 0, which no room in play has. So the server runs the effects without adopting a game.
    const { accepted } = await this.requestAdoption(
      server,
      left.map((id) => ({ id, epoch: 0 })),
      owner,
    );
    return [...done, ...accepted];
  }

  /**
   * Places each room and asks the chosen server to adopt it, with one request for each server. Returns the rooms that need no further
   * attempt, because the chosen server has accepted them.
   */
  private async revive(lost: readonly RoomRecord[], owner: RoomOwnership): Promise<RoomId[]> {
    const placed = (await Promise.all(lost.map((record) => this.place(record, owner)))).filter((place) => place !== null);
    const byServer = new Map<ServerId, RoomRecord[]>();
    for (const { record, server } of placed) byServer.set(server, [...(byServer.get(server) ?? []), record]);
    const outcomes = await Promise.all(
      [...byServer].map(async ([server, rooms]) => {
        const { accepted, refused } = await this.requestAdoption(server, rooms, owner);
        for (const id of refused) this.refusedBy.set(id, [...(this.refusedBy.get(id) ?? []), server]);
        return accepted;
      }),
    );
    return outcomes.flat();
  }

  private async place(record: RoomRecord, owner: RoomOwnership): Promise<Placed | null> {
    const exclude = [...(this.refusedBy.get(record.id) ?? []), ...this.outOfReach()];
    try {
      const request = {
        room: record.id,
        game: record.game,
        ...(record.gameVersion !== null && { gameVersion: record.gameVersion }),
        players: record.doc.players.length,
        prefer: placeOf(record),
        exclude: this.isBack(owner) ? exclude : [...exclude, owner.server],
      };
      return { record, server: (await this.balancer.place(request, { waitMs: 0 })).server };
    } catch (error) {
      this.refusedBy.delete(record.id);
      if (!(error instanceof HoldfastError)) throw error;
      this.logMissingVersion(record);
      return null;
    }
  }

  /**
   * Returns the ready game servers that this process cannot reach. Placement excludes them, because a request to adopt rooms would time out
   * there.
   */
  private outOfReach(): ServerId[] {
    return this.directory
      .byType('game')
      .filter((server) => server.state === 'ready' && this.links.isOutOfReach(server))
      .map(({ id }) => id);
  }

  /**
   * When servers have the game but none can run the room's version of it, logs this once for each version. Rooms of that version possibly
   * wait until an operator acts.
   */
  private logMissingVersion({ id, game, gameVersion }: RoomRecord): void {
    if (gameVersion === null) return;
    const key = `${game}@${gameVersion}`;
    const ready = this.directory.byType('game').filter(({ state }) => state === 'ready');
    const having = ready.filter(({ games }) => Object.hasOwn(games, game));
    if (having.length === 0 || having.some(({ games }) => takesVersion(games[game], gameVersion))) {
      this.versionsMissing.delete(key);
      return;
    }
    if (this.versionsMissing.has(key)) return;
    this.versionsMissing.add(key);
    this.log.error('recovery.version-missing', {
      roomId: id,
      game,
      version: gameVersion,
      servers: describeVersions(having, game),
      check: `rooms of version ${gameVersion} wait, paused: add migrateState(state, fromVersion) to the game, or start a server with version ${gameVersion}`,
    });
  }

  /** The versions (`game@version`) for which `recovery.version-missing` was logged. */
  private readonly versionsMissing = new Set<string>();

  /** Asks a server to adopt rooms. `refused`: the rooms that the server did not adopt, for example because it did not answer. */
  private async requestAdoption(
    server: ServerId,
    rooms: readonly Pick<RoomRecord, 'id' | 'epoch'>[],
    owner: RoomOwnership,
  ): Promise<{ readonly accepted: RoomId[]; readonly refused: RoomId[] }> {
    const tenures: RoomTenure[] = rooms.map(({ id, epoch }) => ({ room: id, epoch, ...owner }));
    let results: readonly AdoptResult[];
    try {
      const record = this.directory.get(server);
      if (!record) throw new HoldfastError('server-lost');
      const peer = await this.links.to(record);
      const answer = (await peer.request('room.adopt', { rooms: tenures }, { timeoutMs: ADOPT_TIMEOUT_MS })) as {
        results: readonly AdoptResult[];
      };
      results = answer.results;
    } catch (error) {
      this.log.warn('recovery.adopt-failed', { target: server, rooms: rooms.length, error });
      results = rooms.map(() => ({ result: 'failed', code: 'server-lost' }));
    }
    const refusals = results.flatMap((outcome) => (outcome.result === 'failed' ? [outcome.code] : []));
    if (refusals.length > 0)
      this.log.warn('recovery.refused', { target: server, rooms: refusals.length, codes: [...new Set(refusals)].join(' ') });
    const accepted: RoomId[] = [];
    const refused: RoomId[] = [];
    for (const [index, { id }] of rooms.entries()) {
      const outcome = results[index];
      (outcome?.result === 'failed' ? refused : accepted).push(id);
      if (outcome?.result !== 'adopted') continue;
      this.metrics.roomsRecovered.inc();
      this.sink.publish({
        kind: 'room.recovered',
        room: id,
        server,
        reason: 'server-lost',
        detail: { from: owner.server, epoch: outcome.epoch },
      });
    }
    return { accepted, refused };
  }

  /** For each room: the servers that refused to adopt it. Placement excludes them until it finds no other server for the room. */
  private readonly refusedBy = new Map<RoomId, ServerId[]>();

  /** Returns whether another incarnation of the lost server is registered. That incarnation can adopt the rooms. */
  private isBack({ server, incarnation }: RoomOwnership): boolean {
    const record = this.directory.get(server);
    return record !== undefined && record.incarnation !== incarnation;
  }
}

/**
 * Returns the region and build that placement prefers for the room. A game that continues in another region is better than a paused game.
 */
function placeOf({ doc: { region, near, build } }: RoomRecord): Place {
  return { region: region ?? near, build };
}

function isOwnedBy({ status, owner }: Pick<RoomRecord, 'status' | 'owner'>, { server, incarnation }: RoomOwnership): boolean {
  return status === 'playing' && owner?.server === server && owner.incarnation === incarnation;
}
