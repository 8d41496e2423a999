import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../tools/process/paths.mjs';
import { CreatedProject } from '../harness/created-project.js';
import { playFirstMove } from '../harness/first-move.js';
import { type Fleet, startFleet } from '../harness/index.js';
import { buildAllPackages, COMPILER, playOnAfterKill, projectIn, readManifest } from '../harness/project.js';
import { type Registry, startRegistry } from '../harness/registry.js';

/** The newest release line of pnpm that runs on every Node that Holdfast supports. */
const PNPM = 'pnpm@10.34.9';
/** The packages of Holdfast that a separate project needs. */
const PACKAGES = ['client', 'game-kit', 'server'];

const INSTALLERS = {
  npm: ['npm', 'install', '--ignore-scripts'],
  pnpm: ['npm', 'exec', '--yes', '--', PNPM, 'install', '--ignore-scripts'],
} as const;

describe('all packages from a registry', () => {
  let home: string;
  let registry: Registry;
  let fleet: Fleet | undefined;

  beforeAll(async () => {
    home = await realpath(await mkdtemp(join(tmpdir(), 'holdfast-registry-')));
    registry = await startRegistry(home);
    for (const folder of await buildAllPackages()) await registry.publish(folder);
  }, 240_000);

  afterEach(async () => {
    await fleet?.stop();
    fleet = undefined;
  });

  afterAll(async () => {
    await registry?.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  });

  it.each(['npm', 'pnpm'] as const)(
    'can be installed with %s and compiled strictly, and run a game that continues after a kill of its server',
    async (installer) => {
      const folder = join(home, installer);
      await cp(join(ROOT, 'test/fixtures/project'), folder, { recursive: true });
      await writeFile(join(folder, 'package.json'), JSON.stringify(await manifestOfProject()));
      const [command, ...args] = INSTALLERS[installer];
      await registry.run(folder, command, args);
      // The lock file of pnpm does not contain the registry of each package, so this check is only for npm.
      if (installer === 'npm')
        expect(await readFile(join(folder, 'package-lock.json'), 'utf8')).toContain(`${registry.url}@holdfast/server`);

      const project = projectIn(folder);
      await project.run(['node_modules/typescript/bin/tsc']);
      fleet = await startFleet({ project: { folder, game: 'take' }, games: 2, env: { AUTH: 'extension' } });
      const { end } = await playOnAfterKill(project, fleet);
      expect(end).toMatchObject({ reason: 'finished', result: { winner: 0 } });
    },
    240_000,
  );

  it.each([
    ['turn-based', 'tic-tac-toe'],
    ['real-time', 'boats'],
    ['hidden-cards', 'high-card'],
    ['react', 'tic-tac-toe'],
  ])(
    'can be installed with pnpm in a created project, whose tests pass and whose servers run a game (template: %s)',
    async (template, game) => {
      const tools = join(home, 'creator');
      const folder = join(home, template);
      await mkdir(tools, { recursive: true });
      await registry.run(tools, 'npm', ['install', '--prefix', tools, 'create-holdfast']);
      await registry.run(tools, join(tools, 'node_modules/.bin/create-holdfast'), [folder, '--template', template, '--no-install']);
      const [command, ...args] = INSTALLERS.pnpm;
      await registry.run(folder, command, args);
      const created = new CreatedProject(folder, new Map());
      await created.npm('run', 'typecheck');
      await created.npm('test');
      const started = await created.start();
      try {
        expect(await playFirstMove(started.play, game)).toHaveLength(2);
      } finally {
        await started.stop();
      }
    },
    600_000,
  );
});

/**
 * Returns the manifest of a project that lists all peer dependencies of the packages. pnpm gives a project only the packages that its
 * manifest lists.
 */
async function manifestOfProject(): Promise<object> {
  const manifests = await Promise.all(PACKAGES.map((name) => readManifest(join(ROOT, 'dist/packages', name))));
  const { devDependencies = {} } = await readManifest(ROOT);
  return {
    name: 'project',
    version: '1.0.0',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(manifests.map(({ name, version }) => [name, version])),
      ...Object.assign({}, ...manifests.map(({ peerDependencies }) => peerDependencies)),
      ...Object.fromEntries(COMPILER.map((name) => [name, devDependencies[name]])),
    },
  };
}
