import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Self, ServerDirectory } from '#libs/fleet';
import { RedisConnections, RedisLease, redisName, StoreClock } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { FleetCapacity } from '../fleet-capacity.js';
import { sampleOf } from './fleet-sample.js';
import { FINE, SeriesStore } from './series-store.js';

const TICK_MS = 1_000;
/**
 * Duration of the lease on the write of a sample, in ms. It is shorter than the period of a sample. So if the holder dies, another gateway
 * can still write the sample of the same period.
 */
const LEASE_MS = 3_000;

/**
 * Writes a sample of the fleet every ten seconds, from the directory in memory. All gateways try to get the lease, and only its holder
 * writes. When the sample of a period is stored, a gateway waits for the next period.
 */
@Injectable()
export class SeriesWriter {
  private writtenAt = 0;
  private isWriting = false;
  private readonly lease: RedisLease;

  constructor(
    redis: RedisConnections,
    private readonly store: SeriesStore,
    private readonly directory: ServerDirectory,
    private readonly capacity: FleetCapacity,
    private readonly clock: StoreClock,
    private readonly self: Self,
    private readonly log: Log,
  ) {
    this.lease = new RedisLease(redis, redisName('series-writer'), LEASE_MS);
  }

  @Interval(TICK_MS)
  async tick(): Promise<void> {
    const at = Math.floor(this.clock.storeTime() / FINE.stepMs) * FINE.stepMs;
    // Does nothing while this gateway is not registered: it does not know any servers yet, or it was evicted and its directory is outdated.
    if (this.isWriting || at <= this.writtenAt || this.self.state !== 'ready') return;
    this.isWriting = true;
    try {
      const isOurs = await this.lease.run(() =>
        this.store.add(at, sampleOf(this.directory.all(), this.capacity.now().slots)).then(() => {}),
      );
      if (isOurs) this.writtenAt = at;
    } catch (error) {
      this.log.debug('series.unwritten', { error });
    } finally {
      this.isWriting = false;
    }
  }
}
