import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawCharts } from './charts.js';
import type { Recorded } from './record.js';
import { sectionPage, withConclusions } from './results-pages.js';
import { ROOT } from './tools.js';

const PAGE = join(ROOT, 'bench/RESULTS.md');

/**
 * Writes the recorded figures: the conclusions into RESULTS.md, and a page for each section into the folder `bench/results`.
 *
 * @param order the names of the sections
 */
export async function writeResults(record: Readonly<Record<string, Recorded>>, order: readonly string[]): Promise<void> {
  const page = withConclusions(await readFile(PAGE, 'utf8'), record, order);
  const charts = await drawCharts(record);
  for (const name of order.filter((name) => record[name]))
    await writeFile(join(ROOT, 'bench/results', `${name}.md`), sectionPage(name, record[name], charts));
  await writeFile(PAGE, page);
}
