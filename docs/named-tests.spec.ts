import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');

/** The tests that a page names: `file.spec.ts`: "a test"; "another of the same file". */
function testsNamedIn(page: string): (readonly [file: string, name: string])[] {
  const text = readFileSync(join(__dirname, page), 'utf8');
  return [...text.matchAll(/`([\w./-]+\.spec\.ts)`(?::\s+((?:"[^"]+"(?:; )?)+))?/g)]
    .filter(([, file]) => file !== 'docs/named-tests.spec.ts')
    .flatMap(([, file, names = '']) => [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => [file, name] as const));
}

describe.each([
  ['security.md', 30],
  ['field-cases.md', 70],
  ['operations.md', 5],
])('docs/%s', (page, countMin) => {
  const named = testsNamedIn(page);

  it('names at least the expected number of tests', () => {
    expect(named.length).toBeGreaterThanOrEqual(countMin);
  });

  it.each(named)('names a test that exists: %s, "%s"', (file, name) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const call = new RegExp(`([\\w.]*)\\(\\s*['"\`]${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`],`).exec(text);
    expect(call).not.toBeNull();
    expect(call?.[1]).not.toMatch(/^x|\.skip$|\.todo$/);
  });
});

describe('the page docs/field-cases.md', () => {
  /** The cells of each row: case, reports, outcome, test. */
  const cases = readFileSync(join(__dirname, 'field-cases.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (-|case \|)/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));

  it('has for each case a row of four cells with an outcome', () => {
    expect(cases.length).toBeGreaterThan(80);
    expect(cases.filter((cells) => cells.length !== 4 || !/^(Held|Mended|Open)\b/.test(cells[2]!))).toEqual([]);
  });

  it('names a report for each case, and a test for each case that is not open', () => {
    const bare = cases.filter(
      ([, reports, outcome, test]) =>
        !reports!.includes('](https://') || (!outcome!.startsWith('Open') && !/`[\w./-]+\.spec\.ts`: "/.test(test!)),
    );
    expect(bare).toEqual([]);
  });
});
