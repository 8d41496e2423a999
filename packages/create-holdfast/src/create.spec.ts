import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../../tools/process/paths.mjs';
import { checkConfig } from '../../../tools/project/config.mjs';
import { create } from './create.js';
import type { PackageManager } from './install.js';
import { Refusal } from './refusal.js';
import { TEMPLATES } from './templates.js';

const SOURCES = join(ROOT, 'packages/create-holdfast/templates');

describe('create-holdfast', () => {
  let parent: string;
  let printed: string[];
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'holdfast-create-'));
    printed = [];
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  const runWith = (manager: PackageManager, ...argv: string[]) =>
    create(argv, { templates: SOURCES, version: '1.2.3', isInteractive: false, manager, print: (text) => printed.push(text) });
  const run = (...argv: string[]) => runWith('npm', ...argv);
  const read = (...path: string[]) => readFile(join(parent, ...path), 'utf8');

  it.each(TEMPLATES.map(({ name }) => name))('writes a project of the template %s, without placeholders', async (template) => {
    await run(join(parent, 'my-game'), '--template', template, '--no-install');
    const files = (await readdir(join(parent, 'my-game'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const names = files.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['.gitignore', 'Dockerfile', 'compose.yml', 'ci.yml', 'gateway.ts', 'lobby.ts', 'game.ts', 'fleet.spec.ts']),
    );
    expect(names.filter((name) => name.startsWith('_'))).toEqual([]);
    expect(checkConfig(JSON.parse(await read('my-game/holdfast.config.json')), true)).toHaveProperty('config');
    const contents = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
    expect(contents.filter((content) => /\{\{\w+\}\}/.test(content))).toEqual([]);
  });

  it('gives the project its name and the version of this package', async () => {
    await run(join(parent, 'folder'), '--template', 'react', '--name', '@studio/chess', '--no-install');
    const manifest = JSON.parse(await read('folder/package.json'));
    expect(manifest).toMatchObject({
      name: '@studio/chess',
      dependencies: { '@holdfast/server': '1.2.3', '@holdfast/react': '1.2.3' },
      devDependencies: { '@holdfast/cli': '1.2.3', '@holdfast/testing': '1.2.3' },
    });
    expect(await read('folder/README.md')).toContain('# @studio/chess');
    expect(await read('folder/compose.yml')).toContain('name: "studio-chess"');
  });

  it('pins the tested versions of the dependencies', async () => {
    const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const tested = { ...root.dependencies, ...root.devDependencies };
    for (const template of ['base', 'react']) {
      const { dependencies, devDependencies } = JSON.parse(await readFile(join(SOURCES, template, '_package.json'), 'utf8'));
      const others = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) => name in tested);
      expect(others.filter(([name, version]) => version !== tested[name])).toEqual([]);
    }
  });

  it('uses all defaults with --yes', async () => {
    await run(join(parent, 'quick'), '--yes', '--no-install');
    expect(JSON.parse(await read('quick/package.json')).name).toBe('quick');
    expect(await readdir(join(parent, 'quick/src/games'))).toEqual(['tic-tac-toe']);
  });

  it.each([
    ['npm', 'package-lock.json', 'npm ci'],
    ['pnpm', 'pnpm-lock.yaml', 'pnpm install --frozen-lockfile'],
  ] as const)('installs with %s in the image and in CI when the command was started with it', async (manager, lockfile, command) => {
    await runWith(manager, join(parent, 'quick'), '--yes', '--no-install');
    const [dockerfile, workflow, readme] = await Promise.all(
      ['Dockerfile', '.github/workflows/ci.yml', 'README.md'].map((file) => read('quick', file)),
    );
    expect(dockerfile).toMatch(new RegExp(`COPY package.json ${lockfile} .*\nRUN ${command}`));
    expect(workflow).toContain(`run: ${command}\n`);
    expect(workflow).toContain(`cache: ${manager}\n`);
    expect(readme).toContain(`\`${lockfile}\``);
  });

  it('refuses a folder with files without changing the files', async () => {
    await writeFile(join(parent, 'notes.txt'), 'mine');
    await expect(run(parent, '--yes', '--name', 'x')).rejects.toThrow(/is not empty: it contains notes\.txt/);
    expect(await readdir(parent)).toEqual(['notes.txt']);
  });

  it('accepts a folder that contains only a git repository', async () => {
    await mkdir(join(parent, 'cloned/.git'), { recursive: true });
    await run(join(parent, 'cloned'), '--yes', '--no-install');
    expect(await readdir(join(parent, 'cloned'))).toContain('package.json');
  });

  it.each([
    [['My Game'], /'My Game' is not a name for an npm package/],
    [['game', '--name', 'node_modules'], /not a name for an npm package/],
    [['game', '--template', 'moba'], /'moba' does not exist. The templates are turn-based, real-time, hidden-cards, react\./],
    [['game', '--colour', 'red'], /'--colour'/],
    [['game', 'other'], /Give one folder, not 2/],
    // npm passes only `react` of `npm create holdfast my-game --template react`.
    [['game', 'react'], /write -- before the options/],
    [['My Game'], /name the package with --name/],
  ])('refuses %j with a reason, and creates nothing', async ([folder, ...options], reason) => {
    await expect(run(join(parent, folder as string), ...options, '--yes')).rejects.toThrow(reason);
    await expect(run(join(parent, folder as string), ...options, '--yes')).rejects.toBeInstanceOf(Refusal);
    expect(await readdir(parent)).toEqual([]);
  });

  it('names the folder that cannot be written', async () => {
    await symlink('absent/target', join(parent, 'game'));
    await expect(run(join(parent, 'game'), '--yes', '--no-install')).rejects.toThrow(/cannot be written: .*game.* Give a folder/);
    await expect(run(join(parent, 'game'), '--yes', '--no-install')).rejects.toBeInstanceOf(Refusal);
  });

  it('prints a command that enters a folder whose name has spaces', async () => {
    await run(join(parent, "Ann's game"), '--yes', '--name', 'x', '--no-install');
    const [command] = (printed.at(-1) as string).match(/cd .*/) as RegExpMatchArray;
    const { stdout } = await promisify(execFile)('sh', ['-c', `${command} && pwd -P`]);
    expect(stdout.trim()).toBe(await realpath(join(parent, "Ann's game")));
  });

  it('requires answers as flags when no terminal is available for questions', async () => {
    await expect(run()).rejects.toThrow(/Give a folder and --template, or --yes.* write -- before the options/);
  });

  it('prints its help and its version', async () => {
    await run('--help');
    await run('--version');
    expect(printed[0]).toContain('--no-install');
    expect(printed[1]).toBe('1.2.3');
  });
});
