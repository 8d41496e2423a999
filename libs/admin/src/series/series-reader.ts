import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { KeyedMutex } from '#libs/async';
import { EventJournal, Self, ServerDirectory } from '#libs/fleet';
import { StoreClock } from '#libs/redis';
import { incidentsOf } from '../incidents.js';
import { fullId } from '../server-reader.js';
import { pointsOf } from './series-points.js';
import type { SeriesAnswer, SeriesQuery } from './series-schemas.js';
import { COARSE, FINE, type Resolution, SeriesStore, type TimedSample } from './series-store.js';

/** Number of points of a chart when the request has no `step`. */
const POINTS = 240;
/** Time in ms after the last request at which the reader deletes the samples in memory. */
const UNUSED_MS = 300_000;

/**
 * Reads the samples of the fleet for charts. It keeps them in memory while charts are open, and reads only samples that it does not have
 * yet.
 */
@Injectable()
export class SeriesReader {
  private readonly known = new Map<Resolution, TimedSample[]>();
  private readonly reads = new KeyedMutex();
  private usedAt = 0;

  constructor(
    private readonly store: SeriesStore,
    private readonly journal: EventJournal,
    private readonly directory: ServerDirectory,
    private readonly clock: StoreClock,
    private readonly self: Self,
  ) {}

  async read({ minutes, step, server }: SeriesQuery): Promise<SeriesAnswer> {
    this.usedAt = performance.now();
    const periodMs = minutes * 60_000;
    const wantedMs = step === undefined ? periodMs / POINTS : step * 1_000;
    const resolution = periodMs <= FINE.keptMs && wantedMs < COARSE.stepMs ? FINE : COARSE;
    const stepMs = Math.max(1, Math.ceil(wantedMs / resolution.stepMs)) * resolution.stepMs;
    const from = this.clock.storeTime() - periodMs;
    const [samples, events] = await Promise.all([this.samples(resolution), this.journal.readDay()]);
    const only = server === undefined ? undefined : this.shortId(server);
    const points = pointsOf(
      samples.filter(({ at }) => at >= from),
      { from, to: this.clock.storeTime(), stepMs, ...(only !== undefined && { only }) },
    );
    const prefix = this.self.id.slice(0, -`${this.self.type}:${this.self.name}`.length);
    return {
      stepMs,
      ...points,
      servers: points.servers.map((one) => ({ ...one, id: `${prefix}${one.id}` })),
      pauses: incidentsOf(events).flatMap(({ beganAt, pauseMs, server, rooms }) =>
        pauseMs !== null && beganAt >= from ? { at: beganAt, pauseMs, server, rooms } : [],
      ),
    };
  }

  @Interval(UNUSED_MS)
  dropUnused(): void {
    if (performance.now() - this.usedAt > UNUSED_MS) this.known.clear();
  }

  private samples(resolution: Resolution): Promise<readonly TimedSample[]> {
    return this.reads.run(resolution.name, async () => {
      const before = this.known.get(resolution) ?? [];
      const oldest = this.clock.storeTime() - resolution.keptMs;
      const later = await this.store.read(resolution, before.at(-1)?.at ?? Math.floor(oldest));
      const samples = [...before.filter(({ at }) => at >= oldest), ...later];
      this.known.set(resolution, samples);
      return samples;
    });
  }

  /**
   * Returns the id of a server without the prefix of the fleet, such as `game:1`. Also works for a server that is not in the directory any
   * more, because samples can still contain it.
   */
  private shortId(id: string): string {
    const record = this.directory.get(fullId(id));
    return record ? `${record.type}:${record.name}` : id.split(':').slice(-2).join(':');
  }
}
