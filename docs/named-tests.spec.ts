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
])('docs/%s', (page, countMin) => {
  const named = testsNamedIn(page);

  it('names tests', () => {
    expect(named.length).toBeGreaterThanOrEqual(countMin);
  });

  it.each(named)('%s has the test "%s"', (file, name) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(
      new RegExp(`\\(\\s*['"\`]${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`],`),
    );
  });
});
