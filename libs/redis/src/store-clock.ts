import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Cluster } from 'ioredis';
import { SingleFlight } from '#libs/async';
import { RedisConnections } from './redis-connections.js';

/** Between two samples, in ms. A crystal drifts by less than a millisecond in this time. */
const SAMPLE_EVERY_MS = 5_000;
/** Requests a sample; the one with the shortest round trip counts. */
const REQUESTS = 3;
/** An answer that took longer says too little about when it was given, in ms. */
const ROUND_TRIP_MS_MAX = 500;
/** By so much `now()` runs faster or slower than real time while it approaches the store's clock: 30 s differ by 15 ms. */
const SLEW = 0.000_5;
/** A difference of more than this is no drift: the store's clock was set, or this computer slept. In ms. */
const DRIFT_MS_MAX = 1_000;
/** In a Cluster the time is asked of the node that has this key, since the clocks of two nodes differ. */
const CLUSTER_KEY = 'hf:store-clock';

/**
 * The store's time (Redis `TIME`), the one clock that all servers share. It does not depend on this host's wall clock, except
 * before the first sample.
 */
@Injectable()
export class StoreClock implements OnModuleDestroy {
  /** `now()` at `anchoredAt` (monotonic), and its pace since. */
  private anchor = Date.now();
  private anchoredAt = performance.now();
  private pace = 1;
  /** What must be added to the monotonic clock to get the store's time, by the best sample. Null: no sample yet. */
  private storeOrigin: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly samples = new SingleFlight(() => this.measure());
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly redis: RedisConnections) {}

  /**
   * Takes the first sample and goes on taking them. Call it before anything asks for `now()`, or that may go back once.
   * Rejects when the store does not answer.
   */
  async start(): Promise<void> {
    if (this.timer) return;
    this.timer = setInterval(() => void this.sampleQuietly(), SAMPLE_EVERY_MS);
    this.timer.unref();
    // Another store may have taken over, with another clock.
    this.redis.commands.on('ready', () => void this.sampleQuietly());
    await this.sample();
  }

  /**
   * Durations and due times: ms since 1970, in fractions. It never goes back and never jumps: it keeps the pace of the monotonic
   * clock, within 0.05 %. When the store's own clock is set while this process runs, `now()` does not follow; `storeTime()` does.
   */
  now(): number {
    return this.anchor + (performance.now() - this.anchoredAt) * this.pace;
  }

  /** The store's time now, as exactly as the last sample says: ms since 1970. It goes back when the store's clock does. */
  storeTime(): number {
    return this.storeOrigin === null ? Date.now() : this.storeOrigin + performance.now();
  }

  /** By how much this host's wall clock is ahead of the store's, in ms; negative: behind. Null: not measured yet. */
  get offsetMs(): number | null {
    return this.storeOrigin === null ? null : Date.now() - this.storeTime();
  }

  /** Called after each sample. */
  onSample(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Measures now. One measurement at a time. Rejects when the store does not answer. */
  sample(): Promise<void> {
    return this.samples.join();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** A store that is away is reported by `StoreHealth`; the clock goes on without it. */
  private async sampleQuietly(): Promise<void> {
    await this.sample().catch(() => {});
  }

  private async measure(): Promise<void> {
    let bestMs = Number.POSITIVE_INFINITY;
    let origin = 0;
    for (let request = 0; request < REQUESTS; request++) {
      const askedAt = performance.now();
      const time = await this.askTime();
      const answeredAt = performance.now();
      const roundTripMs = answeredAt - askedAt;
      if (roundTripMs >= bestMs) continue;
      bestMs = roundTripMs;
      origin = time - (askedAt + answeredAt) / 2;
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

  private async askTime(): Promise<number> {
    const { commands } = this.redis;
    const answer = commands instanceof Cluster ? await commands.eval("return redis.call('TIME')", 1, CLUSTER_KEY) : await commands.time();
    const [seconds, microseconds] = (answer as (string | number)[]).map(Number);
    return seconds * 1_000 + microseconds / 1_000;
  }
}
