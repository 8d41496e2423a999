import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Chart, drawCharts } from './charts.js';
import type { Recorded } from './record.js';
import { table } from './table.js';
import { ROOT } from './tools.js';

const BEGIN = '<!-- tables: written by npm run bench -- --record -->';
const END = '<!-- /tables -->';
const PAGE = join(ROOT, 'bench/RESULTS.md');

/** Charts and tables of all that is recorded, into RESULTS.md between its marks. `order`: of the sections. */
export async function writeResults(record: Readonly<Record<string, Recorded>>, order: readonly string[]): Promise<void> {
  const charts = await drawCharts(record);
  const parts = order.filter((name) => record[name]).map((name) => part(name, record[name], charts));
  const page = await readFile(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost the marks between which its tables stand`);
  await writeFile(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${parts.join('\n\n')}\n\n${page.slice(end)}`);
}

function part(name: string, recorded: Recorded, charts: readonly Chart[]): string {
  const { about, machine, startedAt, runs, loadBefore, loadAfter, figures } = recorded;
  const { cpu, cores, memoryGigabytes, kernel, node, redis, commit, peers } = machine;
  const on = `${cores} cores (${cpu}), ${memoryGigabytes} GB, ${kernel}, Node ${node.slice(1)}, Redis ${redis}${peers && `; ${peers}`}`;
  return [
    `### ${name}: ${about}`,
    `\`npm run bench -- ${name}\` on ${startedAt.slice(0, 10)}, ${runs} ${runs === 1 ? 'run' : 'runs'}, commit ${commit}. ${on}. ` +
      `Load of the machine ${loadBefore} before, ${loadAfter} after.`,
    ...charts.filter(({ section }) => section === name).map(picture),
    table(figures, {}),
  ].join('\n\n');
}

function picture({ name, title }: Chart): string {
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="charts/${name}-dark.svg">`,
    `  <img alt="${title}" src="charts/${name}-light.svg" width="760">`,
    '</picture>',
  ].join('\n');
}
