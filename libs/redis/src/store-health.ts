import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import type { RedisClient } from './connect.js';
import { redisName } from './key-prefix.js';
import { RedisConnections } from './redis-connections.js';
import { storeFailureOf } from './store-failure.js';

/** Period of the probes, in ms. */
const PROBE_MS = { available: 1_000, unavailable: 250 };
/** After an outage, Redis is reported as available when this time has passed without a failure, in ms. */
const QUIET_MS = 1_000;
const probeKey = (): string => redisName('store-probe');
const PROBE_TTL_MS = 60_000;
/**
 * Number of keys that a probe writes in a Cluster. The keys are in different slots, so that the probe also finds a partial failure of the
 * Cluster.
 */
const CLUSTER_KEYS = 8;
const REPLICAS_TIMEOUT_MS = 1_000;

export type StoreChange =
  | { readonly isAvailable: false; readonly reason: string; readonly message: string }
  | {
      readonly isAvailable: true;
      /** Duration of the outage, in ms. */
      readonly ms: number;
      /** The reasons of the outage, in the order of their first occurrence. */
      readonly reasons: readonly string[];
      /** Number of requests, tasks and probes of this server that failed during the outage. */
      readonly failures: number;
    };

interface Outage {
  readonly since: number;
  readonly reasons: Set<string>;
  failures: number;
  failedAt: number;
}

/**
 * Finds out whether Redis accepts writes, from periodic writes and from failed requests. A `PING` is not enough, because Redis also answers
 * it when it is full, read-only or without replicas.
 */
@Injectable()
export class StoreHealth implements OnApplicationBootstrap, OnModuleDestroy {
  private outage: Outage | null = null;
  private probeFailure: string | null = null;
  private wroteAt: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;
  private readonly listeners: ((change: StoreChange) => void)[] = [];
  private readonly probeListeners: ((ms: number | null) => void)[] = [];
  /** A separate connection for waiting on replicas, because `WAIT` blocks its connection. */
  private readonly replicated: RedisClient | null;

  constructor(private readonly redis: RedisConnections) {
    const { replicas = 0 } = redis.options;
    this.replicated = replicas > 0 && redis.commands instanceof Redis ? redis.open() : null;
  }

  onApplicationBootstrap(): void {
    this.probeAfter(0);
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
  }

  /** The reason why nothing can be stored, by the last probe. Null: writes succeed. */
  get whyNot(): string | null {
    return this.probeFailure;
  }

  /** Time for which Redis has been unavailable to this server, in ms. 0: Redis is available. */
  get unavailableForMs(): number {
    return this.outage === null ? 0 : performance.now() - this.outage.since;
  }

  /** Time since the last successful write of a probe, in ms. Null: no write has succeeded yet. */
  get wroteMs(): number | null {
    return this.wroteAt === null ? null : Math.round(performance.now() - this.wroteAt);
  }

  onChange(listener: (change: StoreChange) => void): void {
    this.listeners.push(listener);
  }

  /** Registers a listener for the duration of each probe, in ms. Null: the probe failed. */
  onProbe(listener: (ms: number | null) => void): void {
    this.probeListeners.push(listener);
  }

  /**
   * Records an error. Returns whether Redis is the cause. During an outage, also returns true for an error that possibly comes from another
   * server. `onChange` reports only changes of the state.
   */
  note(error: unknown): boolean {
    const failure = storeFailureOf(error);
    if (!failure) return false;
    if (!failure.isCertain) return this.outage !== null;
    this.failed(failure.reason, error);
    return true;
  }

  private probeAfter(ms: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.probe(), ms);
    this.timer.unref();
  }

  private async probe(): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.write();
      this.probeFailure = null;
      this.wroteAt = performance.now();
      this.probed(this.wroteAt - startedAt);
      this.succeeded();
    } catch (error) {
      // This server has closed its connections itself, so the error is not a failure of Redis.
      if (this.isStopped) return;
      const reason = storeFailureOf(error)?.reason ?? 'unknown';
      this.probed(null);
      this.probeFailure = `nothing can be stored: ${reason} (${messageOf((reason === 'away' && this.redis.why) || error)})`;
      this.failed(reason, error);
    }
    this.probeAfter(this.outage ? PROBE_MS.unavailable : PROBE_MS.available);
  }

  private async write(): Promise<void> {
    const { commands, options } = this.redis;
    const keys = commands instanceof Cluster ? Array.from({ length: CLUSTER_KEYS }, (_, index) => `${probeKey()}:${index}`) : [probeKey()];
    await Promise.all(keys.map((key) => commands.set(key, '1', 'PX', PROBE_TTL_MS)));
    if (!this.replicated) return;
    const { replicas = 0, replicasTimeoutMs = REPLICAS_TIMEOUT_MS } = options;
    const [, reached] = await Promise.all([
      this.replicated.set(probeKey(), '1', 'PX', PROBE_TTL_MS),
      (this.replicated as Redis).wait(replicas, replicasTimeoutMs),
    ]);
    if (reached < replicas) throw new Error(`NOREPLICAS ${reached} replicas have a write, DURABILITY_REPLICAS is ${replicas}`);
  }

  private failed(reason: string, error: unknown): void {
    const now = performance.now();
    if (this.outage) {
      this.outage.reasons.add(reason);
      this.outage.failures += 1;
      this.outage.failedAt = now;
      return;
    }
    // Prefers the error of the connection attempt, such as `NOAUTH` or `ECONNREFUSED`, because the error of a command only says that there
    // is no connection.
    const cause = reason === 'away' ? this.redis.why : null;
    const first = storeFailureOf(cause)?.reason ?? reason;
    this.outage = { since: now, reasons: new Set([first]), failures: 1, failedAt: now };
    this.notify({ isAvailable: false, reason: first, message: messageOf(cause ?? error) });
  }

  private succeeded(): void {
    const { outage } = this;
    if (!outage) return;
    const now = performance.now();
    if (now - outage.failedAt < QUIET_MS) return;
    this.outage = null;
    this.notify({ isAvailable: true, ms: Math.round(now - outage.since), reasons: [...outage.reasons], failures: outage.failures });
  }

  private probed(ms: number | null): void {
    for (const listener of this.probeListeners) listener(ms);
  }

  private notify(change: StoreChange): void {
    for (const listener of this.listeners) listener(change);
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
