import { Counter, type Histogram, type Registry } from 'prom-client';

/**
 * A counter for code that runs for each frame: `inc` only adds to a number. prom-client would look up and copy labels on each count, so it
 * gets the total only when the metrics are scraped.
 */
export class Tally {
  private uncollected = 0;

  inc(count = 1): void {
    this.uncollected += count;
  }

  /** Returns the count since the previous call, and resets it. */
  take(): number {
    const { uncollected } = this;
    this.uncollected = 0;
    return uncollected;
  }
}

/** A counter with one tally for each combination of label values. */
export class TallyCounter<Label extends string> {
  private readonly tallies: { readonly labels: Readonly<Record<Label, string>>; readonly tally: Tally }[] = [];

  constructor(about: { name: string; help: string; labelNames: readonly Label[]; registry: Registry }) {
    const { registry, ...shape } = about;
    const { tallies } = this;
    new Counter({
      ...shape,
      registers: [registry],
      collect() {
        for (const { labels, tally } of tallies) this.inc(labels, tally.take());
      },
    });
  }

  /** Creates the tally of one combination of label values. Call it once for each combination and keep the result. */
  of(labels: Readonly<Record<Label, string>>): Tally {
    const tally = new Tally();
    this.tallies.push({ labels, tally });
    return tally;
  }
}

/** A histogram without labels, stored as one number per bucket. */
export class TallyHistogram {
  private readonly counts: number[];
  private sum = 0;

  constructor(private readonly about: { name: string; help: string; buckets: readonly number[]; registry: Registry }) {
    // One number for each bound, and one more for values above the last bound.
    this.counts = new Array<number>(about.buckets.length + 1).fill(0);
    const { name, help } = about;
    const metric = { name, help, type: 'histogram', aggregator: 'sum', get: () => Promise.resolve(this.read()), reset: () => this.reset() };
    // The cast is safe: the type of `registerMetric` requires a class of prom-client, but a registry only reads the name and calls these
    // methods.
    about.registry.registerMetric(metric as unknown as Histogram);
  }

  observe(value: number, times = 1): void {
    const { buckets } = this.about;
    let bucket = 0;
    while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
    this.counts[bucket]! += times;
    this.sum += value * times;
  }

  get bounds(): readonly number[] {
    return this.about.buckets;
  }

  /** Returns the number of observations so far in each bucket, and last the number above the last bound. */
  snapshot(): readonly number[] {
    return [...this.counts];
  }

  private read(): object {
    const { name, help, buckets } = this.about;
    let count = 0;
    const values: { metricName: string; labels: Readonly<Record<string, string | number>>; value: number }[] = [];
    for (const [index, observed] of this.counts.entries()) {
      count += observed;
      values.push({ metricName: `${name}_bucket`, labels: { le: buckets[index] ?? '+Inf' }, value: count });
    }
    values.push({ metricName: `${name}_sum`, labels: {}, value: this.sum }, { metricName: `${name}_count`, labels: {}, value: count });
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }

  private reset(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}
