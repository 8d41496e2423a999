import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts;
const names = Object.keys(scripts);

/**
 * The folder with a copy of the tools, the benchmarks and package.json, without the files that git ignores (node_modules, dist, .holdfast).
 */
let clone: string;

beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'holdfast-clean-clone-'));
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((file) => /^(tools|bench)\/|^package(-lock)?\.json$/.test(file) && existsSync(join(ROOT, file)));
  for (const folder of new Set(files.map((file) => dirname(file)))) await mkdir(join(clone, folder), { recursive: true });
  await Promise.all(files.map((file) => cp(join(ROOT, file), join(clone, file))));
});
afterAll(() => rm(clone, { recursive: true, force: true, maxRetries: 3 }));

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { HOLDFAST_DIR, HOLDFAST_DIST, NODE_OPTIONS, ...env } = process.env;
  return { ...env, ...more };
}

describe('each script of package.json', () => {
  it.each(names)('prints its help without an installation or a build: %s', async (name) => {
    const before = await readdir(clone);
    const { stdout } = await run('sh', ['-c', `${scripts[name]} --help`], { cwd: clone, env: environment() });
    expect(stdout).toMatch(/npm (run \S|start|test)/);
    expect(stdout).toContain('--help');
    expect(await readdir(clone)).toEqual(before);
  });

  it.each(names)('checks the requirements before `exec`, which Windows does not have: %s', (name) => {
    expect(scripts[name]).toMatch(/^node (tools\/command\/check\.mjs && exec node (--[\w=-]+ )*)?(tools|bench)\/[\w/-]+\.mjs/);
    expect(scripts[name].replace('&& exec', '')).not.toMatch(/[;&|$]|exec/);
  });

  it.each(names)('names the required versions of Node, without a stack trace, when Node is too old: %s', async (name) => {
    const file = JSON.parse(await readPackage());
    await writeFile(join(clone, 'package.json'), JSON.stringify({ ...file, engines: { node: '>=99.0.0' } }));
    try {
      const result = await run('sh', ['-c', scripts[name]], { cwd: clone, env: environment() }).catch((error) => error);
      expect(result.code).toBe(1);
      expect(result.stderr).toBe(
        `Holdfast needs Node 99.0.0 or newer; this is Node ${process.versions.node}. Install the current LTS from https://nodejs.org/, or run \`nvm install\` in this folder.\n`,
      );
    } finally {
      await writeFile(join(clone, 'package.json'), JSON.stringify(file));
    }
  });
});

function readPackage(): Promise<string> {
  return Promise.resolve(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}
