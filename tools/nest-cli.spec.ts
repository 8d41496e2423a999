import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..');
const run = promisify(execFile);

interface Project {
  readonly type: 'application' | 'library';
  readonly root: string;
  readonly entryFile: string;
  readonly sourceRoot: string;
}

const { projects }: { readonly projects: Readonly<Record<string, Project>> } = JSON.parse(
  readFileSync(join(ROOT, 'nest-cli.json'), 'utf8'),
);
const APPS = ['gateway', 'lobby', 'game'];

const foldersOf = (parent: string): string[] => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`);

describe('the file nest-cli.json', () => {
  it('contains every app and every library', () => {
    const roots = Object.values(projects).map(({ root }) => root);
    expect(roots.sort()).toEqual([...foldersOf('apps'), ...foldersOf('libs')].sort());
  });

  it.each(Object.entries(projects))('names an existing entry file for %s', (_, { type, root, sourceRoot, entryFile }) => {
    expect(sourceRoot).toBe(`${root}/src`);
    const entry = type === 'application' ? entryFile : `${sourceRoot}/${entryFile}`;
    expect(existsSync(join(ROOT, `${entry}.ts`))).toBe(true);
  });
});

describe('the Nest command line', () => {
  let copy: string;
  beforeAll(() => {
    // Builds in a copy of the repository, because other tests run servers from dist/ at the same time.
    copy = mkdtempSync(join(tmpdir(), 'holdfast-nest-'));
    for (const name of ['apps', 'libs', 'games', 'nest-cli.json', 'package.json', 'tsconfig.json', '.swcrc']) {
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  const nest = (...args: string[]) => run(process.execPath, [join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js'), ...args], { cwd: copy });

  it.each(APPS)('builds %s with all files that the server needs', async (app) => {
    rmSync(join(copy, 'dist'), { recursive: true, force: true });
    await nest('build', app);
    expect(existsSync(join(copy, `dist/apps/${app}/src/main.js`))).toBe(true);
    expect(existsSync(join(copy, 'dist/libs/health/src/index.js'))).toBe(true);
    expect(existsSync(join(copy, 'dist/libs/room-store/src/scripts/append.lua'))).toBe(true);
    const built = readdirSync(join(copy, 'dist'), { recursive: true, encoding: 'utf8' });
    expect(built.filter((file) => /\.(spec|fixture)\./.test(file))).toEqual([]);
  });

  it('generates a provider in the given library, and adds the provider to its module', async () => {
    await nest('generate', 'service', 'probe', '--project', 'health');
    expect(readFileSync(join(copy, 'libs/health/src/probe.service.ts'), 'utf8')).toContain('export class ProbeService');
    expect(readFileSync(join(copy, 'libs/health/src/health.module.ts'), 'utf8')).toContain(
      "import { ProbeService } from './probe.service.js'",
    );
  });
});
