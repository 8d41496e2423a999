import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { ServerDirectory, type ServerRecord } from '#libs/fleet';
import { HoldfastError, type ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type MarkingServer, StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { LISTED_AGAIN_MS, POLL_MS, UNSETTLED_WARN_MS } from './settlement.options.js';

/** A server for whose mark the settlement waits. */
interface Awaited {
  readonly incarnation: number;
  /**
   * The time at which the server became absent, in ms of the monotonic clock. A server is absent while the store accepts writes and the
   * server has no record, is suspect or is unheard. Null: the server is not absent.
   */
  absentSince: number | null;
  /** True: the settlement of this generation no longer waits for the server, because it was absent for too long. */
  isGivenUp: boolean;
}

/**
 * Decides whether servers may trust the store. A Redis that was restarted or failed over can have an earlier state, or no data at all. Each
 * living game server and gateway then restores the lost data that it still has in memory, and sets its mark in the store. The store is
 * *settled* when all of them have set their marks. From then on, a record that is not in the store is lost or never existed. Before that, a
 * record is possibly outdated. So a server must not rely on it, and must not write a value that depends on it. Each process polls the store
 * until the generation is settled and then remembers this fact. From then on `isSettled` reads no key.
 */
@Injectable()
export class StoreSettlement implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly listeners: ((generation: string) => void)[] = [];
  private readonly waiters = new Set<() => void>();
  private readonly awaited = new Map<ServerId, Awaited>();
  /** The generation in which the servers in `awaited` must set their marks. Null: no generation is known yet. */
  private awaitedFor: string | null = null;
  /** The generation in which this process started. The process has no older data to restore. Null: not known yet. */
  private bornIn: string | null = null;
  private unsettledSince = performance.now();
  private isReported = false;
  private isPolling = false;
  private polling: NodeJS.Timeout | null = null;

  constructor(
    private readonly generation: StoreGeneration,
    private readonly directory: ServerDirectory,
    private readonly redis: RedisConnections,
    private readonly log: Log,
  ) {
    generation.awaitSettlement();
  }

  onModuleInit(): void {
    // Stops waiting for a server only when the server has left by itself or was evicted. A server without a record perhaps writes its
    // record again soon.
    this.directory.onChange(({ kind, server, before, isCertain }) => {
      if (kind === 'evicted' || (kind === 'left' && isCertain)) this.forget(server);
      else if (kind === 'registered' && before && before.incarnation !== server.incarnation) this.forget(before);
    });
  }

  onApplicationBootstrap(): void {
    // After a reconnection to a settled generation, `poll` does nothing. So this listener resolves the waiting calls.
    this.generation.onConnected(() => (this.isSettled ? this.releaseWaiters() : void this.poll()));
    this.polling = setInterval(() => void this.poll(), POLL_MS);
    this.polling.unref();
  }

  onModuleDestroy(): void {
    if (this.polling) clearInterval(this.polling);
  }

  get isSettled(): boolean {
    return this.generation.isSettled;
  }

  /** Calls `listener` with the id of each generation when that generation is settled. */
  onSettled(listener: (generation: string) => void): void {
    this.listeners.push(listener);
  }

  /** Calls `listener` once: now if the store is settled, otherwise as soon as it is settled. */
  onceSettled(listener: () => void): void {
    if (this.isSettled) {
      listener();
      return;
    }
    const waiter = (): void => {
      this.waiters.delete(waiter);
      listener();
    };
    this.waiters.add(waiter);
  }

  /**
   * Resolves when the store is settled. Throws `unavailable` (with `retryAfterMs`) when the store is not settled within `timeoutMs`.
   * Without a connection to the store, throws immediately.
   */
  async whenSettled(timeoutMs: number): Promise<void> {
    if (this.isSettled) return;
    if (this.redis.isReady && (await this.settledWithin(timeoutMs))) return;
    throw new HoldfastError('unavailable', 'The store was restarted, and what it lost is being written again. Try again in a moment.', {
      retryAfterMs: 500,
    });
  }

  /**
   * Returns whether the store is settled and still has the marks of all living servers. Returns false also for a store that was emptied
   * without a restart, because a missing record proves nothing in such a store. Rejects when the store does not answer.
   */
  async isStillSettled(): Promise<boolean> {
    const living = this.directory.all().filter((server) => isAwaited(server) && !this.isGivenUp(server));
    return this.isSettled && this.generation.isAuditedBy(living.map(({ id, incarnation }) => ({ server: id, incarnation })));
  }

  /** True when the settlement of this generation no longer waits for this incarnation, because it was absent for too long. */
  isGivenUp({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): boolean {
    const known = this.awaited.get(id);
    return known?.incarnation === incarnation && known.isGivenUp;
  }

  private async poll(): Promise<void> {
    const { current } = this.generation;
    if (current === null || this.isSettled || this.isPolling || !this.directory.isKnown) return;
    this.isPolling = true;
    try {
      this.noteAwaited(current);
      this.bornIn ??= current;
      if ((await this.wasSettledBefore(current)) || (await this.generation.isAuditedBy(this.stillAwaited()))) await this.settle(current);
      else this.warnIfLong(current);
    } catch {
      // Ignores an error, because the next `poll` tries again. Either the connection is lost again, or the store does not answer yet.
    } finally {
      this.isPolling = false;
    }
  }

  /**
   * Returns whether this generation was already settled when this process started. This process then waits for no marks, because some marks
   * can be missing: a server that cannot reach the store sets none.
   */
  private async wasSettledBefore(generation: string): Promise<boolean> {
    return this.bornIn === generation && (await this.generation.wasSettled());
  }

  private async settle(generation: string): Promise<void> {
    const ms = Math.round(performance.now() - this.unsettledSince);
    await this.generation.settle(generation);
    if (!this.isSettled) return;
    this.log.info('store.settled', { servers: this.stillAwaited().length, ms });
    for (const listener of this.listeners) listener(generation);
    this.releaseWaiters();
  }

  private releaseWaiters(): void {
    for (const waiter of this.waiters) waiter();
  }

  private noteAwaited(generation: string): void {
    const now = performance.now();
    if (this.awaitedFor !== generation) {
      this.awaitedFor = generation;
      this.unsettledSince = now;
      this.isReported = false;
      // In a new generation, the settlement waits for the full time again, also for a server for which it had stopped waiting.
      for (const [id, server] of this.awaited) {
        if (server.isGivenUp) this.awaited.delete(id);
        server.absentSince = null;
      }
    }
    const present = new Set<ServerId>();
    for (const server of this.directory.all().filter(isAwaited)) {
      const { id, incarnation } = server;
      if (!this.directory.isMissing(id) && isReached(server)) present.add(id);
      if (this.awaited.get(id)?.incarnation !== incarnation) this.awaited.set(id, { incarnation, absentSince: null, isGivenUp: false });
    }
    // When the store has no server record at all, the servers probably cannot write to it yet. Then a missing record does not show that its
    // server is absent.
    const takesWrites = this.directory.all().some(({ id }) => !this.directory.isMissing(id));
    for (const [id, server] of this.awaited) {
      if (present.has(id) || !takesWrites) server.absentSince = null;
      else {
        server.absentSince ??= now;
        if (server.isGivenUp || now - server.absentSince <= LISTED_AGAIN_MS) continue;
        server.isGivenUp = true;
        this.log.warn('store.server-given-up', { server: id, incarnation: server.incarnation, generation });
      }
    }
  }

  private stillAwaited(): MarkingServer[] {
    return [...this.awaited].flatMap(([server, { incarnation, isGivenUp }]) => (isGivenUp ? [] : [{ server, incarnation }]));
  }

  private forget({ id, incarnation }: ServerRecord): void {
    if ((this.awaited.get(id)?.incarnation ?? Number.POSITIVE_INFINITY) <= incarnation) this.awaited.delete(id);
    // Deletes the marks, because they have no TTL. A mark that remains after an error does no harm, because no server reads it.
    this.generation.forget({ server: id, incarnation }).catch(() => {});
  }

  private warnIfLong(generation: string): void {
    if (this.isReported || performance.now() - this.unsettledSince < UNSETTLED_WARN_MS) return;
    this.isReported = true;
    this.log.warn('store.unsettled', {
      generation,
      servers: this.stillAwaited()
        .map(({ server }) => server)
        .join(' '),
    });
  }

  private settledWithin(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isSettled: boolean) => (): void => {
        clearTimeout(timer);
        this.waiters.delete(settled);
        resolve(isSettled);
      };
      const settled = end(true);
      const timer = setTimeout(end(false), timeoutMs);
      this.waiters.add(settled);
    });
  }
}

/** Returns whether the settlement waits for the mark of this server: the server is alive, and is of a kind that sets marks. */
function isAwaited({ type, state, marksStore }: ServerRecord): boolean {
  if (state !== 'ready' && state !== 'draining') return false;
  // A gateway with an older version of Holdfast sets no marks, so the settlement does not wait for this gateway.
  return type === 'game' || (type === 'gateway' && marksStore);
}

/**
 * Returns whether the server passes its health checks. A suspect or unheard server can remain in the fleet: with `HEALTH_DRY_RUN`, or when
 * a gateway has lost Redis and still answers on its links.
 */
function isReached({ suspect, unheard }: ServerRecord): boolean {
  return suspect === 0 && !unheard;
}
