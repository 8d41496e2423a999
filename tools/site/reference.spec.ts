import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REFERENCE } from './reference-entries.mjs';

const ROOT = join(__dirname, '../..');
/** TypeDoc is an ES module, which Jest cannot load here. So the test runs it in a separate process. */
const SCRIPT = `
  const { writeReference } = await import('./tools/site/reference.mjs');
  const { REFERENCE } = await import('./tools/site/reference-entries.mjs');
  const sample = { page: 'sample', name: 'sample', source: 'tools/site/undocumented.fixture.ts', about: 'A sample.' };
  const entries = [sample, ...REFERENCE.filter(({ page }) => page === 'react')];
  console.log(JSON.stringify(await writeReference({ entries, folder: process.argv[1] })));
`;

describe('the generator of the reference', () => {
  it('reports a public function without a docstring, and describes all other functions', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-reference-'));
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT, folder], { cwd: ROOT });
      expect(JSON.parse(stdout)).toEqual([
        expect.stringMatching(/sample\.undocumented \(CallSignature\).*does not have any documentation/),
      ]);
      expect(await readFile(join(folder, 'sample.md'), 'utf8')).toContain('An entry whose second export has no docstring');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('makes a page for each TypeScript entry of the public packages', async () => {
    const manifests = await Promise.all(
      ['client', 'game-kit', 'react', 'server', 'testing'].map(async (name) =>
        JSON.parse(await readFile(join(ROOT, 'packages', name, 'package.json'), 'utf8')),
      ),
    );
    const entries = manifests.flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((entry) => !/package\.json|internal/.test(entry))
        .map((entry) => name + entry.slice(1)),
    );
    expect(REFERENCE.map(({ name }) => name).sort()).toEqual(entries.sort());
  });
});
