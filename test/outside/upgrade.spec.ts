import { execFile } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOLDFAST_VERSION } from '#libs/telemetry';
import { ROOT } from '../../tools/process/paths.mjs';
import { lastRelease } from '../../tools/release/kept-packages.mjs';
import { CreatedProject, installCreator, type StartedProject } from '../harness/created-project.js';
import { playFirstMove } from '../harness/first-move.js';
import { buildAllPackages } from '../harness/project.js';
import { type Registry, startRegistry } from '../harness/registry.js';

const execute = promisify(execFile);

describe('a project that create-holdfast of the last release has created', () => {
  let home: string;
  let registry: Registry;
  let creator: string;
  let lastVersion: string;
  let commands: readonly string[];
  let started: StartedProject | undefined;

  beforeAll(async () => {
    home = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-upgrade-')));
    registry = await startRegistry(home);
    const { version, archives } = await lastRelease();
    lastVersion = version;
    for (const path of [...archives.values(), ...(await buildAllPackages())]) await registry.publish(path);
    creator = await installCreator(join(home, 'creator'), archives);
    const page = await readFile(join(ROOT, 'docs/upgrading.md'), 'utf8');
    commands = /```sh\n([\s\S]*?)```/.exec(page)?.[1]?.trim().replaceAll('=0.2.0', `=${HOLDFAST_VERSION}`).split('\n') ?? [];
  }, 300_000);

  afterEach(async () => {
    await started?.stop();
    started = undefined;
  }, 60_000);

  afterAll(async () => {
    await registry?.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  });

  it.each([
    ['turn-based', 'tic-tac-toe'],
    ['real-time', 'boats'],
    ['hidden-cards', 'high-card'],
    ['react', 'tic-tac-toe'],
  ])(
    'is upgraded by the commands of docs/upgrading.md, passes its tests and runs a game (template: %s)',
    async (template, game) => {
      const folder = join(home, template);
      await execute(creator, [folder, '--template', template, '--no-install']);
      await registry.run(folder, 'npm', ['install']);
      expect(await installedVersions(folder)).toEqual([lastVersion]);

      const project = new CreatedProject(folder, new Map());
      if (template === 'react') await project.npm('pkg', 'set', `dependencies.@holdfast/react=${HOLDFAST_VERSION}`);
      for (const command of commands) {
        const [program, ...args] = command.split(' ');
        expect(program).toBe('npm');
        if (args[0] === 'install') await registry.run(folder, 'npm', args);
        else await project.npm(...args);
      }
      expect(await installedVersions(folder)).toEqual([HOLDFAST_VERSION]);
      started = await project.start();
      expect(await playFirstMove(started.play, game)).toHaveLength(2);
    },
    600_000,
  );

  /** Returns the versions of all installed packages of Holdfast, without repetitions. */
  async function installedVersions(folder: string): Promise<string[]> {
    const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string }>;
    };
    const own = Object.entries(packages).filter(([path]) => path.includes('node_modules/@holdfast/'));
    return [...new Set(own.map(([, { version }]) => version))];
  }
});
