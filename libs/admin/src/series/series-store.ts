import { Injectable } from '@nestjs/common';
import { RedisConnections, redisName } from '#libs/redis';
import { combined, type FleetSample } from './fleet-sample.js';

/** A resolution of the series: the time between two samples, and for how long samples are kept. */
export interface Resolution {
  readonly name: '10s' | '60s';
  readonly stepMs: number;
  readonly keptMs: number;
}

/**
 * A sample of a fleet with 110 servers has 4 KB, so the streams of both resolutions need about 8 MB in Redis (measured with `MEMORY
 * USAGE`).
 */
export const FINE: Resolution = { name: '10s', stepMs: 10_000, keptMs: 3_600_000 };
export const COARSE: Resolution = { name: '60s', stepMs: 60_000, keptMs: 86_400_000 };

/** A sample with its time: the beginning of its period, in store time. */
export interface TimedSample extends FleetSample {
  readonly at: number;
}

/** Number of samples in one read, so that parsing does not delay the frames of players. */
const READ_AT_ONCE = 100;

/** Stream: the samples of one resolution. The id of an entry is its time in ms. */
export const seriesKey = ({ name }: Resolution): string => redisName(`series:${name}`);

/**
 * The samples of the fleet, in two streams in Redis. A period has at most one sample, because a stream refuses an id that is not greater
 * than its last id.
 */
@Injectable()
export class SeriesStore {
  constructor(private readonly redis: RedisConnections) {}

  /** Stores the sample of the period that begins at `at`. Returns false, without a write, when the period already has one. */
  async add(at: number, sample: FleetSample): Promise<boolean> {
    const isNew = await this.append(FINE, at, sample);
    // Adds the coarse sample even if another gateway has stored the fine sample, because that gateway may have died before it added the
    // coarse one. The stream refuses a second coarse sample.
    if (at % COARSE.stepMs === 0) await this.addCoarse(at);
    return isNew;
  }

  /** Reads the samples after `after` and up to now, oldest first. */
  async read(resolution: Resolution, after: number): Promise<TimedSample[]> {
    const samples: TimedSample[] = [];
    for (let from = `${after + 1}`; ; ) {
      const entries = await this.redis.commands.xrange(seriesKey(resolution), from, '+', 'COUNT', READ_AT_ONCE);
      samples.push(...entries.flatMap(([id, [, text]]) => sampleOf(id, text)));
      if (entries.length < READ_AT_ONCE) return samples;
      from = `(${entries[entries.length - 1]![0]}`;
    }
  }

  /** Combines the samples of the last minute into one. */
  private async addCoarse(at: number): Promise<void> {
    const samples = await this.read(FINE, at - COARSE.stepMs);
    if (samples.length > 0) await this.append(COARSE, at, combined(samples));
  }

  private async append(resolution: Resolution, at: number, sample: FleetSample): Promise<boolean> {
    const key = seriesKey(resolution);
    const { stepMs, keptMs } = resolution;
    try {
      await this.redis.commands.xadd(key, 'MAXLEN', keptMs / stepMs, `${at}-0`, 'sample', JSON.stringify(sample));
    } catch (error) {
      if (String((error as Error).message).includes('equal or smaller')) return false;
      throw error;
    }
    await this.redis.commands.pexpire(key, keptMs);
    return true;
  }
}

/** Returns an empty list for text that is not a sample, because another program may write to the stream. */
function sampleOf(id: string, text: string | undefined): TimedSample[] {
  try {
    const { fleet, servers } = JSON.parse(text ?? '') as FleetSample;
    return Array.isArray(fleet) && typeof servers === 'object' && servers !== null
      ? [{ at: Number(id.split('-')[0]), fleet, servers }]
      : [];
  } catch {
    return [];
  }
}
