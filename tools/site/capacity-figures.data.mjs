import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { capacityFor } from '../capacity/capacity.mjs';
import { DURABILITIES, FIELDS, GAMES } from '../capacity/demand.mjs';

const BASELINE = fileURLToPath(new URL('../../bench/baseline.json', import.meta.url));

/** Loads, at the build of the site, the recorded figures that the capacity calculator needs: a small part of `bench/baseline.json`. */
export default {
  watch: [BASELINE],
  async load() {
    return figuresOfCalculator(JSON.parse(await readFile(BASELINE, 'utf8')).sections);
  },
};

/**
 * Pure: returns only those of the measured figures that the calculator can need.
 *
 * @param {import('../capacity/capacity.mjs').Measured} measured @returns {import('../capacity/capacity.mjs').Measured}
 */
export function figuresOfCalculator(measured) {
  /** @type {Record<string, { figures: (typeof measured)[string]['figures'][number][] }>} */
  const needed = {};
  for (const game of GAMES) {
    const numbers = Object.fromEntries(FIELDS.map(({ name, byDefault }) => [name, byDefault[game]]));
    for (const durability of DURABILITIES[game]) {
      const demand = /** @type {import('../capacity/capacity.mjs').Demand} */ ({ ...numbers, game, durability });
      for (const { section, what } of capacityFor(demand, measured).sources) {
        const kept = needed[section] ?? { figures: [] };
        needed[section] = kept;
        const figure = measured[section]?.figures.find((one) => one.what === what);
        if (figure && !kept.figures.includes(figure)) kept.figures.push(figure);
      }
    }
  }
  return needed;
}
