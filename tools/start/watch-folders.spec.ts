import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../process/until.mjs';
import { watchFolders } from './watch-folders.mjs';

describe('watchFolders', () => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-watch-'));
  let calls = 0;
  let stop: () => void;

  beforeAll(() => {
    mkdirSync(join(root, 'libs'));
    stop = watchFolders([root], () => calls++);
  });

  afterAll(() => {
    stop();
    rmSync(root, { recursive: true });
  });

  async function hears(change: () => void): Promise<void> {
    const before = calls;
    change();
    await until(() => calls > before);
  }

  it('reports a file that is replaced several times, and files in new folders', async () => {
    const file = join(root, 'libs/a.ts');
    await hears(() => writeFileSync(file, '1'));
    for (const text of ['2', '3']) {
      await hears(() => {
        writeFileSync(`${file}.draft`, text);
        renameSync(`${file}.draft`, file);
      });
    }
    await hears(() => mkdirSync(join(root, 'libs/new')));
    await hears(() => writeFileSync(join(root, 'libs/new/b.ts'), '1'));
  });
});
