import { Inject, Injectable } from '@nestjs/common';
import { EventSink, Self } from '#libs/fleet';
import { Log, Metrics } from '#libs/telemetry';
import { StoreProbe } from '../evidence/store-probe.js';
import { CHECK_OPTIONS, type CheckOptions } from '../health.options.js';
import type { VoidReason } from './judge.js';
import { LocalHealth } from './local-health.js';

/** Checks this process and its connection to Redis. A missed check counts only while both work. */
@Injectable()
export class SelfCheck {
  private readonly health: LocalHealth;
  private redisCheckAt = 0;
  private isCheckingRedis = false;
  /** The last reported reason why checks are void. Null: checks count. */
  private voidSince: VoidReason | null = null;

  constructor(
    @Inject(CHECK_OPTIONS) private readonly options: CheckOptions,
    private readonly store: StoreProbe,
    private readonly self: Self,
    private readonly sink: EventSink,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {
    this.health = new LocalHealth(options.intervalMs, performance.now());
  }

  /** Records the time of a tick. Returns true when the tick is late, because this process was suspended or busy. */
  tick(now: number): boolean {
    return this.health.tick(now);
  }

  /** Checks Redis once per interval. */
  checkRedisIfDue(now: number): void {
    if (now < this.redisCheckAt) return;
    this.redisCheckAt = now + this.options.intervalMs;
    if (this.isCheckingRedis) return;
    this.isCheckingRedis = true;
    void this.store.check(this.options.intervalMs).then((trouble) => {
      this.isCheckingRedis = false;
      const endedAt = performance.now();
      if (trouble) return this.distrust(trouble);
      this.health.redisAnswered(endedAt);
      if (this.voidSince && !this.health.voidReason(endedAt, endedAt)) {
        this.log.info('health.trust-restored', { after: this.voidSince });
        this.voidSince = null;
      }
    });
  }

  /**
   * Returns the reason why a check that was sent at `checkedAt` does not count. Null: the check counts, because this process and Redis have
   * worked without a failure since then.
   */
  voidReason(checkedAt: number, now: number): VoidReason | null {
    return this.health.voidReason(checkedAt, now);
  }

  /**
   * Checks Redis once more. Returns true when the missed check that was sent at `checkedAt` still counts. Returns false when Redis has
   * failed, this process was late, or no check was sent.
   */
  async confirm(checkedAt: number | null): Promise<boolean> {
    const trouble = await this.store.check(this.options.intervalMs);
    if (trouble) this.distrust(trouble);
    return !trouble && checkedAt !== null && !this.voidReason(checkedAt, performance.now());
  }

  /** Records a failure of Redis. Checks are void until Redis has answered `CLEAN_ROUNDS` times in a row. */
  distrust(reason: VoidReason, fields: Readonly<Record<string, unknown>> = {}): void {
    this.health.redisFailed(reason);
    this.reportVoid(reason, fields);
  }

  /** Reports the reason for void checks once for all servers. */
  reportVoid(reason: VoidReason, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.voidSince === reason) return;
    this.voidSince = reason;
    this.metrics.healthRoundsVoid.inc({ reason });
    this.sink.publish({ kind: 'health.void', server: this.self.id, incarnation: this.self.incarnation, reason });
    this.log.warn('health.round-void', { reason, ...fields });
  }
}
