import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { SingleFlight } from '#libs/async';
import { RedisConnections } from '#libs/redis';
import { Log, Readiness } from '#libs/telemetry';
import { EventSink } from './event-sink.js';
import { type OfferedGames, OWN_RECORD_POLL_MS, serversKey } from './fleet.options.js';
import { FleetEvents } from './fleet-events.js';
import { removeServer } from './scripts/leave.js';
import { registerServer } from './scripts/register.js';
import { setServerState } from './scripts/set-state.js';
import { MutableSelf } from './self.js';
import type { ServerAddresses, ServerState } from './server-record.js';

/**
 * - `condemned`: other servers declared this incarnation dead. After all listeners have finished, the process registers with a new
 * incarnation.
 * - `replaced`: another process has this server's name. This process does not register again and should exit.
 */
export type EvictionNotice = 'condemned' | 'replaced';
export type EvictedListener = (notice: EvictionNotice) => void | Promise<void>;

/**
 * Maintains the record of this process. If the store has lost the record, this class writes it again. If the incarnation was evicted, other
 * servers possibly own its rooms already, so the listeners drop the rooms before the next registration.
 *
 * When two processes have the same name, the newer process wins: it registers with a higher incarnation. The older process finds the higher
 * incarnation in the record, notifies its listeners with `replaced`, and does not register again. Otherwise the two processes would replace
 * each other forever.
 */
@Injectable()
export class ServerRegistration implements OnModuleInit, OnModuleDestroy {
  private readonly listeners: EvictedListener[] = [];
  private readonly checks = new SingleFlight(() =>
    this.checkOnce().catch((error: unknown) => this.log.debug('server.record-check-failed', { error })),
  );
  private timer: NodeJS.Timeout | null = null;
  private phase: 'unregistered' | 'registered' | 'replaced' | 'left' = 'unregistered';
  private wantedState: Exclude<ServerState, 'dead'> = 'starting';
  private startedAt = 0;

  constructor(
    private readonly self: MutableSelf,
    private readonly redis: RedisConnections,
    private readonly events: FleetEvents,
    private readonly sink: EventSink,
    private readonly readiness: Readiness,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.events.on((event) => {
      if (event.server === this.self.id && event.kind !== 'vote') void this.checkOwnRecord();
    });
    this.events.onGap(() => void this.checkOwnRecord());
    this.readiness.add('redis', () => (this.redis.isReady ? null : (this.redis.why ?? 'not connected')));
    this.readiness.add('fleet', () => this.whyNotReady());
  }

  /** Registers this process as `starting`, with a new incarnation. Rejects when Redis is unavailable. */
  async register(addresses: ServerAddresses, games?: OfferedGames): Promise<void> {
    this.self.addresses = addresses;
    if (games) this.self.games = games;
    await this.write(0);
    this.phase = 'registered';
    this.timer ??= setInterval(() => void this.checkOwnRecord(), OWN_RECORD_POLL_MS);
    this.timer.unref();
  }

  /**
   * Changes the state in the record. Returns false when this process is not registered, or when its record is dead or has another
   * incarnation. A process that is not registered yet registers later with this state.
   */
  async setState(state: Exclude<ServerState, 'dead'>): Promise<boolean> {
    this.wantedState = state;
    if (this.phase !== 'registered') return false;
    const { id, incarnation } = this.self;
    let answer = await setServerState(this.redis.commands, id, incarnation, state);
    if (answer === 'gone') {
      await this.checkOwnRecord();
      if (this.self.incarnation === incarnation) answer = await setServerState(this.redis.commands, id, incarnation, state);
    }
    if (answer !== 'ok') {
      void this.checkOwnRecord();
      return false;
    }
    this.self.state = state;
    this.log.info('server.state', { state });
    this.sink.publish({ kind: 'server.state', server: id, incarnation, reason: state });
    await this.events.publish({ kind: 'state', server: id, incarnation, reason: state });
    return true;
  }

  /** Removes this process from the fleet. Never rejects, because the health checks also notice the end of the process. */
  async leave(): Promise<void> {
    if (this.phase !== 'registered') return;
    this.phase = 'left';
    this.stopChecks();
    await this.checks.settled();
    const { id, incarnation } = this.self;
    try {
      if (await removeServer(this.redis.commands, id, incarnation)) await this.publishLeft();
      this.log.info('server.left', { incarnation });
    } catch (error) {
      this.log.warn('server.leave-failed', { incarnation, error });
    }
  }

  /** Calls `listener` after the eviction or the replacement of this incarnation. A new registration waits for all listeners. */
  onEvicted(listener: EvictedListener): void {
    this.listeners.push(listener);
  }

  /**
   * Reads the record of this process now, in addition to the regular reads, and reacts to a changed record. Concurrent calls share one
   * read.
   */
  checkOwnRecord(): Promise<void> {
    if (this.phase !== 'registered') return Promise.resolve();
    return this.checks.join();
  }

  onModuleDestroy(): void {
    this.stopChecks();
  }

  private async checkOnce(): Promise<void> {
    const { id, incarnation } = this.self;
    const [[found, state], isListed] = await Promise.all([
      this.redis.commands.hmget(id, 'incarnation', 'state'),
      this.redis.commands.sismember(serversKey(), id),
    ]);
    if (this.phase !== 'registered' || this.self.incarnation !== incarnation) return;
    const verdict = judgeOwnRecord(incarnation, found == null ? null : Number(found), state ?? null);
    switch (verdict) {
      case 'stands':
        if (!isListed) await this.redis.commands.sadd(serversKey(), id);
        return;
      case 'lost':
        await this.write(incarnation);
        // Another process has registered under this name between the read of the record and this write. The rooms of this incarnation
        // possibly have other owners now, so the listeners must drop them.
        if (this.self.incarnation !== incarnation) return this.notifyListeners('condemned');
        this.log.warn('server.record-restored', { incarnation });
        return;
      case 'condemned': {
        this.self.state = 'dead';
        this.log.warn('server.condemned', { incarnation });
        await this.notifyListeners('condemned');
        await this.write(0);
        return;
      }
      case 'replaced':
        this.phase = 'replaced';
        this.self.state = 'dead';
        this.stopChecks();
        this.log.error('server.replaced', {
          incarnation,
          by: Number(found),
          advice: 'another process has registered under this name: give each server its own SERVER_NAME',
        });
        return this.notifyListeners('replaced');
      default:
        return verdict satisfies never;
    }
  }

  /**
   * Adds the id to the list, writes the record, and publishes the record, in this order. Readers skip a listed id without a record, but
   * never find a record without a listed id.
   */
  private async write(keep: number): Promise<void> {
    const { self, redis } = this;
    await redis.commands.sadd(serversKey(), self.id);
    self.incarnation = await registerServer(redis.commands, self, this.wantedState, this.startedAt, keep);
    self.state = this.wantedState;
    const reason = self.incarnation === keep ? 'record-lost' : this.startedAt === 0 ? 'started' : 'rejoined';
    this.startedAt ||= self.incarnation;
    this.log.info('server.registered', { incarnation: self.incarnation, state: self.state, ...self.addresses });
    const { id: server, incarnation, build } = self;
    this.sink.publish({ kind: 'server.registered', server, incarnation, reason, detail: { build } });
    await this.events.publish({ kind: 'registered', server: self.id, incarnation: self.incarnation }).catch(() => {});
  }

  private async notifyListeners(notice: EvictionNotice): Promise<void> {
    const outcomes = await Promise.allSettled(this.listeners.map(async (listener) => listener(notice)));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') this.log.error('server.eviction-listener-failed', { error: outcome.reason });
  }

  private async publishLeft(): Promise<void> {
    const { id, incarnation } = this.self;
    await this.events.publish({ kind: 'left', server: id, incarnation, reason: 'left' });
    this.sink.publish({ kind: 'server.left', server: id, incarnation, reason: 'by-itself' });
    // Waits one tick, so that the sink sends its batch before the process closes its connections.
    await new Promise((resolve) => setImmediate(resolve));
  }

  private whyNotReady(): string | null {
    if (this.phase === 'replaced') return 'another process has taken the name of this server';
    if (this.phase !== 'registered') return this.phase;
    return this.self.state === 'ready' ? null : this.self.state;
  }

  private stopChecks(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }
}

/**
 * Compares the record in the store with the incarnation of this process.
 *
 * - `stands`: the record has this incarnation and is not dead.
 * - `lost`: the record is missing or has an older incarnation.
 * - `condemned`: the record has this incarnation and is dead.
 * - `replaced`: the record has a newer incarnation.
 */
export function judgeOwnRecord(own: number, found: number | null, state: string | null): 'stands' | 'lost' | 'condemned' | 'replaced' {
  // The record has an older incarnation because the store fell back.
  if (found === null || found < own) return 'lost';
  if (found > own) return 'replaced';
  return state === 'dead' ? 'condemned' : 'stands';
}
