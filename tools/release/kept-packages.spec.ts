import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOLDFAST_VERSION } from '#libs/telemetry';
import { ROOT } from '../process/paths.mjs';
import { lastRelease } from './kept-packages.mjs';
import { planVersions } from './version.mjs';

const run = promisify(execFile);

describe('the packages that the repository keeps for upgrade tests', () => {
  it('are exactly the packages of the last release', async () => {
    const { version, archives } = await lastRelease();
    expect([...archives.keys()].sort()).toEqual((await packageNames()).sort());
    expect(planVersions(HOLDFAST_VERSION, {}).version).not.toBe(version);
    for (const archive of archives.values()) {
      const { stdout } = await run('tar', ['-xOf', archive, 'package/package.json']);
      expect(JSON.parse(stdout).version).toBe(version);
    }
  });

  async function packageNames(): Promise<string[]> {
    const folders = await readdir(join(ROOT, 'packages'));
    return Promise.all(folders.map(async (name) => JSON.parse(await readFile(join(ROOT, 'packages', name, 'package.json'), 'utf8')).name));
  }
});
