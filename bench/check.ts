import { type Figure, verdictOf } from './table.js';

/**
 * How far a figure may be above what is recorded, by its unit: those that hold on any machine, whatever else it does.
 * Ratios of CPU times of one run are noisy. Counts are not, but how many answers share a read depends on how fast they come;
 * what this is to find, a write for each frame, doubles them.
 */
const TOLERANCES: Readonly<Record<string, Tolerance>> = {
  '×': { share: 0.25, least: 0.05 },
  'per message': { share: 0.25, least: 0.1 },
  'per room': { share: 0.25, least: 5 },
};

interface Tolerance {
  readonly share: number;
  /** In the figure's own unit: a quarter of almost nothing is nothing. */
  readonly least: number;
}

export interface Worse {
  readonly figure: Figure;
  readonly recorded: number;
  readonly measured: number;
  readonly limit: number;
}

/** Pure: what is worse than recorded, beyond the tolerance. `extra` widens it: 1 doubles it. */
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
