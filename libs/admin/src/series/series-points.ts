import { combined, FLEET_VALUES, SERVER_VALUES } from './fleet-sample.js';
import type { SeriesAnswer } from './series-schemas.js';
import type { TimedSample } from './series-store.js';

interface Range {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** The short id of the only server in the answer. Absent: the answer has all servers, but only the load of each. */
  readonly only?: string;
}

/** Arranges samples as lists of values with one value for each point. Pure. A period without samples has nulls. */
export function pointsOf(
  samples: readonly TimedSample[],
  { from, to, stepMs, only }: Range,
): Pick<SeriesAnswer, 'at' | 'fleet' | 'servers'> {
  const first = Math.ceil(from / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((to - first) / stepMs) + 1);
  const at = Array.from({ length: count }, (_, index) => first + index * stepMs);
  const grouped: TimedSample[][] = at.map(() => []);
  for (const sample of samples) grouped[Math.floor((sample.at - first) / stepMs)]?.push(sample);
  const points = grouped.map((group) => (group.length > 1 ? combined(group) : (group[0] ?? null)));
  const ids = only === undefined ? [...new Set(samples.flatMap(({ servers }) => Object.keys(servers)))].sort(byName) : [only];
  const valuesOf = (id: string, index: number) => points.map((point) => point?.servers[id]?.[index] ?? null);
  return {
    at,
    fleet: Object.fromEntries(
      FLEET_VALUES.map((name, index) => [name, points.map((point) => point?.fleet[index] ?? null)]),
    ) as SeriesAnswer['fleet'],
    servers: ids.map((id) => ({
      id,
      type: id.split(':')[0]!,
      ...(Object.fromEntries(
        SERVER_VALUES.flatMap((name, index) => (only === undefined && name !== 'load' ? [] : [[name, valuesOf(id, index)]])),
      ) as { load: (number | null)[] }),
    })),
  };
}

function byName(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
