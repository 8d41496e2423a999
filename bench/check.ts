import { type Figure, verdictOf } from './table.js';

/**
 * How far a figure may exceed the record, by its unit. Only units that do not depend on the machine are listed. Ratios of CPU
 * times of one run are noisy. Counts vary a little, because the number of answers that share a read depends on their timing. The
 * check must find, for example, one write per frame, which doubles the count.
 */
const TOLERANCES: Readonly<Record<string, Tolerance>> = {
  '×': { share: 0.25, least: 0.05 },
  'per message': { share: 0.25, least: 0.1 },
  'per room': { share: 0.25, least: 5 },
  // Encoded by one process from fixed states, so any difference is a change of the code.
  bytes: { share: 0, least: 0.001 },
};

interface Tolerance {
  readonly share: number;
  /** The smallest tolerance, in the unit of the figure, because a share of a very small value is too small. */
  readonly least: number;
}

export interface Worse {
  readonly figure: Figure;
  readonly recorded: number;
  readonly measured: number;
  readonly limit: number;
}

/** Finds the figures that exceed the record by more than the tolerance. `extra` widens the tolerance: 1 doubles it. Pure. */
export function worseThan(
  record: Readonly<Record<string, { readonly figures: readonly Figure[] }>>,
  figures: readonly Figure[],
  extra = 0,
): { checked: number; worse: Worse[] } {
  let checked = 0;
  const worse: Worse[] = [];
  for (const figure of figures) {
    const tolerance = TOLERANCES[figure.unit];
    const before = record[figure.section]?.figures.find(({ what }) => what === figure.what);
    if (tolerance === undefined || !before) continue;
    checked += 1;
    const recorded = verdictOf(before).median;
    const measured = verdictOf(figure).median;
    const limit = recorded + Math.max(recorded * tolerance.share, tolerance.least) * (1 + extra);
    if (!(measured <= limit)) worse.push({ figure, recorded, measured, limit });
  }
  return { checked, worse };
}
