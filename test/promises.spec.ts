import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../tools/process/paths.mjs';
import { EVENTS, PROMISES } from './harness/promises.js';

const HEADING = '## What is promised, with which Redis';

/** Reads the first table below the heading. Returns the names of its columns, and the name and the cells of each row. */
function promisedTable(): { columns: string[]; rows: [string, string[]][] } {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const section = readme.slice(readme.indexOf(HEADING)).split('\n');
  const from = section.findIndex((line) => line.startsWith('|'));
  const length = section.slice(from).findIndex((line) => !line.startsWith('|'));
  const [head, , ...rows] = section.slice(from, from + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return { columns: head.slice(1), rows: rows.map(([name, ...cells]) => [name, cells]) };
}

describe('the table of promises in the README', () => {
  const { columns, rows } = promisedTable();

  it('has a column for each tested event', () => {
    expect(columns).toEqual(EVENTS);
  });

  it('has a row for each tested configuration', () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(PROMISES));
  });

  it.each(rows)('contains the promises that the tests check in the row "%s"', (name, cells) => {
    expect(cells).toEqual(EVENTS.map((event) => PROMISES[name as keyof typeof PROMISES]?.[event]));
  });
});
