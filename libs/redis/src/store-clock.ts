import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Cluster } from 'ioredis';
import { SingleFlight } from '#libs/async';
import { redisName } from './key-prefix.js';
import { RedisConnections } from './redis-connections.js';

/** Period of the samples, in ms. A quartz clock drifts by less than a millisecond in this time. */
const SAMPLE_EVERY_MS = 5_000;
/** Number of requests per sample. Only the answer with the shortest round trip is used. */
const REQUESTS = 3;
/** Maximum round trip of a valid sample, in ms. A longer round trip makes the sample too inexact. */
const ROUND_TRIP_MS_MAX = 500;
/** Maximum fraction by which `now()` runs faster or slower than the monotonic clock to approach Redis' clock: 15 ms in 30 s. */
const SLEW = 0.000_5;
/**
 * Maximum difference between a sample and the clock that drift can explain, in ms. A larger difference means that Redis' clock was set or
 * this computer was suspended.
 */
const DRIFT_MS_MAX = 1_000;
/** The clocks of the nodes of a Cluster differ, so the time is always read from the node with this key. */
const clusterKey = (): string => redisName('store-clock');

/**
 * Redis' time (`TIME`), the one clock that all servers share. After the first sample, this clock does not depend on the machine's wall
 * clock.
 */
@Injectable()
export class StoreClock implements OnModuleDestroy {
  /** The value of `now()` at the monotonic time `anchoredAt`. */
  private anchor = Date.now();
  private anchoredAt = performance.now();
  /** The speed of `now()` since `anchoredAt`, relative to the monotonic clock. */
  private pace = 1;
  /** Redis' time minus the monotonic clock, in ms, by the last sample. Null: no sample yet. */
  private storeOrigin: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly samples = new SingleFlight(() => this.measure());
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly redis: RedisConnections) {}

  /**
   * Takes the first sample, and starts the periodic samples. Call it before the first call of `now()`. Otherwise `now()` can go back once.
   * Rejects when Redis does not answer.
   */
  async start(): Promise<void> {
    if (this.timer) return;
    this.timer = setInterval(() => void this.sampleQuietly(), SAMPLE_EVERY_MS);
    this.timer.unref();
    // Takes a sample after a reconnect, because another Redis with another clock possibly answers after a failover.
    this.redis.commands.on('ready', () => void this.sampleQuietly());
    await this.sample();
  }

  /**
   * The time for durations and due times: ms since 1970, with fractions. This time never goes back and never jumps, and its speed differs
   * from that of the monotonic clock by at most 0.05 %. When somebody sets the clock of Redis' machine, `storeTime()` follows and `now()`
   * does not.
   */
  now(): number {
    return this.anchor + (performance.now() - this.anchoredAt) * this.pace;
  }

  /** Redis' current time by the last sample, in ms since 1970. It goes back when Redis' clock is set back. */
  storeTime(): number {
    return this.storeOrigin === null ? Date.now() : this.storeOrigin + performance.now();
  }

  /**
   * Time by which this machine's wall clock is ahead of Redis' clock, in ms. Negative: the wall clock is behind. Null: the difference is
   * not measured yet.
   */
  get offsetMs(): number | null {
    return this.storeOrigin === null ? null : Date.now() - this.storeTime();
  }

  /** Calls `listener` after each sample. */
  onSample(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Takes a sample now. Concurrent calls share one sample. Rejects when Redis does not answer. */
  sample(): Promise<void> {
    return this.samples.join();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Ignores errors, because `StoreHealth` reports that Redis is unavailable, and the clock continues without samples. */
  private async sampleQuietly(): Promise<void> {
    await this.sample().catch(() => {});
  }

  private async measure(): Promise<void> {
    let bestMs = Number.POSITIVE_INFINITY;
    let origin = 0;
    for (let request = 0; request < REQUESTS; request++) {
      const requestedAt = performance.now();
      const time = await this.readTime();
      const answeredAt = performance.now();
      const roundTripMs = answeredAt - requestedAt;
      if (roundTripMs >= bestMs) continue;
      bestMs = roundTripMs;
      origin = time - (requestedAt + answeredAt) / 2;
    }
    if (this.storeOrigin !== null && bestMs > ROUND_TRIP_MS_MAX) return;
    this.adjust(origin);
    for (const listener of this.listeners) listener();
  }

  private adjust(origin: number): void {
    const isFirst = this.storeOrigin === null;
    this.storeOrigin = origin;
    const at = performance.now();
    const behindMs = origin + at - this.now();
    this.anchor = isFirst ? origin + at : this.now();
    this.anchoredAt = at;
    const isDrift = !isFirst && Math.abs(behindMs) <= DRIFT_MS_MAX;
    this.pace = isDrift ? 1 + Math.max(-SLEW, Math.min(SLEW, behindMs / SAMPLE_EVERY_MS)) : 1;
  }

  private async readTime(): Promise<number> {
    const { commands } = this.redis;
    const answer = commands instanceof Cluster ? await commands.eval("return redis.call('TIME')", 1, clusterKey()) : await commands.time();
    const [seconds, microseconds] = answer as readonly [string | number, string | number];
    return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  }
}
