import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const page = readFileSync(join(__dirname, 'security.md'), 'utf8');

/** `file.spec.ts`: "a test"; "another of the same file". */
const named = [...page.matchAll(/`([\w./-]+\.spec\.ts)`(?::\s+((?:"[^"]+"(?:; )?)+))?/g)]
  .filter(([, file]) => file !== 'docs/security.spec.ts')
  .flatMap(([, file, names = '']) => [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => [file, name] as const));

describe('docs/security.md', () => {
  it('names tests', () => {
    expect(named.length).toBeGreaterThan(30);
  });

  it.each(named)('%s has the test "%s"', (file, name) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(
      new RegExp(`\\(\\s*['"\`]${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}['"\`],`),
    );
  });
});
