import { Counter, type Registry } from 'prom-client';

/** The allowed values of each label. */
export type LabelValues = Readonly<Record<string, readonly string[]>>;

/** One value for each label. */
export type LabelsOf<Values extends LabelValues> = { readonly [Label in keyof Values]: Values[Label][number] };

/**
 * A counter whose label values are known in advance. `beginAtZero` creates all of its series, because Prometheus computes an increase from
 * two samples of a series. If a series began with 1, an alert would miss the first event of this series.
 *
 * @example
 * const held = new LabelledCounter({ name: 'held_total', help: 'Held verdicts.', values: { reason: ['many', 'votes'] }, registry });
 * held.beginAtZero();
 * held.inc({ reason: 'many' });
 */
export class LabelledCounter<Values extends LabelValues> {
  private readonly counter: Counter<keyof Values & string>;
  private readonly values: Values;

  constructor(about: { name: string; help: string; values: Values; registry: Registry }) {
    const { name, help, values, registry } = about;
    this.values = values;
    this.counter = new Counter({ name, help, labelNames: Object.keys(values), registers: [registry] });
  }

  inc(labels: LabelsOf<Values>, count = 1): void {
    this.counter.inc(labels, count);
  }

  /** Returns the count of each series, with its labels. */
  async counts(): Promise<readonly { readonly labels: LabelsOf<Values>; readonly value: number }[]> {
    return (await this.counter.get()).values as { labels: LabelsOf<Values>; value: number }[];
  }

  beginAtZero(): void {
    for (const labels of combinationsOf(this.values)) this.counter.inc(labels, 0);
  }
}

function combinationsOf<Values extends LabelValues>(values: Values): LabelsOf<Values>[] {
  let combinations: Record<string, string>[] = [{}];
  for (const [label, all] of Object.entries(values))
    combinations = combinations.flatMap((labels) => all.map((value) => ({ ...labels, [label]: value })));
  return combinations as LabelsOf<Values>[];
}
