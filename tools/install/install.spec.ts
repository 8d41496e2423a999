import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '../process/paths.mjs';

/** A slow npm that records its begin and end. */
const NPM = `#!/bin/sh
echo begins >> npm-runs
rm -rf node_modules
sleep 1
mkdir node_modules && cp package-lock.json node_modules/.package-lock.json
echo ends >> npm-runs
`;

describe('several commands that start at once in a fresh clone', () => {
  let clone: string;
  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'holdfast-clone-'));
    await mkdir(join(clone, 'bin'));
    await writeFile(join(clone, 'bin/npm'), NPM);
    await chmod(join(clone, 'bin/npm'), 0o755);
    await writeFile(join(clone, 'package-lock.json'), JSON.stringify({ packages: { 'node_modules/one': { version: '1.0.0' } } }));
    for (const folder of ['install', 'process']) await cp(join(ROOT, 'tools', folder), join(clone, 'tools', folder), { recursive: true });
  });
  afterEach(() => rm(clone, { recursive: true, force: true, maxRetries: 3 }));

  /** Resolves with the result of `install`; rejects when it failed. */
  function install(): Promise<{ installed: boolean }> {
    const program = `
      const { install } = await import(${JSON.stringify(join(clone, 'tools/install/install.mjs'))});
      process.stdout.write(JSON.stringify(await install()));
    `;
    const { HOLDFAST_DIR, ...env } = process.env;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...env, PATH: `${join(clone, 'bin')}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    return new Promise((resolve, reject) =>
      child.once('close', (code) => (code === 0 ? resolve(JSON.parse(said)) : reject(new Error(`exit code ${code}`)))),
    );
  }

  it('install dependencies once: one command installs, the others wait for it', async () => {
    const results = await Promise.all([install(), install(), install()]);
    expect(results.map(({ installed }) => installed).sort()).toEqual([false, false, true]);
    expect(await readFile(join(clone, 'npm-runs'), 'utf8')).toBe('begins\nends\n');
    expect(await install()).toEqual({ installed: false });
  });
});
