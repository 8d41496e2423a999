import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ServerDirectory, type ServerRecord } from '#libs/fleet';
import { HoldfastError, type ServerId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type Auditor, StoreGeneration } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { LISTED_AGAIN_MS, LOOK_MS, UNSETTLED_TOLD_MS } from './settlement.options.js';

/** A server whose comparison is waited for. */
interface Awaited {
  readonly incarnation: number;
  /**
   * Since when the store takes writes and the server has no record, or other servers do not reach it. Monotonic clock, in ms. Null: neither.
   */
  absentSince: number | null;
  /** The server was absent for too long. The settlement of this generation does not wait for it anymore. */
  isGivenUp: boolean;
}

/**
 * Whether the store can be believed. A Redis that was restarted or failed over may hold any earlier moment, down to nothing. The
 * game servers and gateways that live write again what they know, and mark that they have done so. Once all of them have, the store
 * is *settled*: what it does not hold then is lost, or never was. Before that, nobody may conclude anything from a record, or write
 * something new on top of it.
 *
 * Each process asks until this generation of the store is settled, and remembers that: afterwards the question costs nothing.
 */
@Injectable()
export class StoreSettlement implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly listeners: ((generation: string) => void)[] = [];
  private readonly waiters = new Set<() => void>();
  private readonly awaited = new Map<ServerId, Awaited>();
  /** The generation that `awaited` is about. */
  private awaitedFor: string | null = null;
  private unsettledSince = performance.now();
  private isTold = false;
  private isLooking = false;
  private looking: NodeJS.Timeout | null = null;

  constructor(
    private readonly generation: StoreGeneration,
    private readonly directory: ServerDirectory,
    private readonly redis: RedisConnections,
    private readonly log: Log,
  ) {
    generation.awaitSettlement();
    // Gone for good, by its own word or by a verdict. One that only has no record may be about to write it again.
    directory.onChange(({ kind, server, before, isCertain }) => {
      if (kind === 'evicted' || (kind === 'left' && isCertain)) this.forget(server);
      else if (kind === 'registered' && before && before.incarnation !== server.incarnation) this.forget(before);
    });
  }

  onApplicationBootstrap(): void {
    // A connection that comes back to the same run finds it settled.
    this.generation.onConnected(() => (this.isSettled ? this.releaseWaiters() : void this.look()));
    this.looking = setInterval(() => void this.look(), LOOK_MS);
    this.looking.unref();
  }

  onModuleDestroy(): void {
    if (this.looking) clearInterval(this.looking);
  }

  get isSettled(): boolean {
    return this.generation.isSettled;
  }

  /** Called with each generation once it is settled. */
  onSettled(listener: (generation: string) => void): void {
    this.listeners.push(listener);
  }

  /** Called once, as soon as the store is settled. */
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

  /** Throws `unavailable` (retry) when the store is not settled within `timeoutMs`, at once where there is no store to wait for. */
  async whenSettled(timeoutMs: number): Promise<void> {
    if (this.isSettled) return;
    if (this.redis.isReady && (await this.settledWithin(timeoutMs))) return;
    throw new HoldfastError('unavailable', 'The store was restarted, and what it lost is being written again. Try again in a moment.', {
      retryAfterMs: 500,
    });
  }

  /**
   * Whether it is settled by the store's own word. A store that was emptied without a restart has lost the marks, so that absence
   * means nothing there. Rejects when the store does not answer.
   */
  async isStillSettled(): Promise<boolean> {
    const living = this.directory.all().filter((server) => isAwaited(server) && !this.isGivenUp(server));
    return this.isSettled && this.generation.isAuditedBy(living.map(({ id, incarnation }) => ({ server: id, incarnation })));
  }

  /** The settlement of this generation stopped waiting for that incarnation. It may be dead, and may never compare what it holds. */
  isGivenUp({ id, incarnation }: Pick<ServerRecord, 'id' | 'incarnation'>): boolean {
    const known = this.awaited.get(id);
    return known?.incarnation === incarnation && known.isGivenUp;
  }

  private async look(): Promise<void> {
    const { current } = this.generation;
    if (current === null || this.isSettled || this.isLooking || !this.directory.isKnown) return;
    this.isLooking = true;
    try {
      this.noteAwaited(current);
      if (await this.generation.isAuditedBy(this.stillAwaited())) await this.settle(current);
      else this.tellIfLong(current);
    } catch {
      // It is away again, or takes no commands yet.
    } finally {
      this.isLooking = false;
    }
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
      this.isTold = false;
      // In another generation, a server that was given up gets the full time again.
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
    // If no server is listed, the store accepts no writes yet, and a missing record says nothing about its server.
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

  private stillAwaited(): Auditor[] {
    return [...this.awaited].flatMap(([server, { incarnation, isGivenUp }]) => (isGivenUp ? [] : [{ server, incarnation }]));
  }

  private forget({ id, incarnation }: ServerRecord): void {
    if ((this.awaited.get(id)?.incarnation ?? Number.POSITIVE_INFINITY) <= incarnation) this.awaited.delete(id);
    // Its mark would stay for ever. One that is not removed is asked after by nobody.
    this.generation.forget({ server: id, incarnation }).catch(() => {});
  }

  private tellIfLong(generation: string): void {
    if (this.isTold || performance.now() - this.unsettledSince < UNSETTLED_TOLD_MS) return;
    this.isTold = true;
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

/** Who holds something that a store may have lost, and says when it has written it again. */
function isAwaited({ type, state, marksStore }: ServerRecord): boolean {
  if (state !== 'ready' && state !== 'draining') return false;
  // A gateway of a version before this marks nothing.
  return type === 'game' || (type === 'gateway' && marksStore);
}

/**
 * Other servers have no doubt that it is alive. A server may remain suspect or unheard without an eviction: for example with
 * `HEALTH_DRY_RUN`, or when a gateway has lost Redis and still answers its links.
 */
function isReached({ suspect, unheard }: ServerRecord): boolean {
  return suspect === 0 && !unheard;
}
