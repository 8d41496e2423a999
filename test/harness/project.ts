import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { projectLock } from '../../tools/packages/project-lock.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import type { Fleet } from './fleet.js';

const run = promisify(execFile);
const PACKAGES = ['client', 'game-kit', 'server'];
/** Packages that the project needs besides those of Holdfast. */
export const COMPILER = ['typescript', '@types/node'];

/** A project outside of this repository, with the packed packages of Holdfast installed. */
export interface Project {
  readonly folder: string;
  /** Runs a program of the project, and returns its standard output. Rejects with the output when the program fails. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
}

/**
 * Builds and packs the packages of this repository, and installs them in a copy of `test/fixtures/project` in `home`. All other packages
 * have the versions of this repository. npm takes them from its cache when it can.
 */
export async function installProject(home: string): Promise<Project> {
  const folder = join(await realpath(home), 'project');
  const tarballs = join(home, 'tarballs');
  await mkdir(tarballs, { recursive: true });
  await cp(join(ROOT, 'test/fixtures/project'), folder, { recursive: true });
  await run(process.execPath, [join(ROOT, 'tools/packages/run.mjs'), ...PACKAGES]);
  const built = PACKAGES.map((name) => join(ROOT, 'dist/packages', name));
  await run('npm', ['pack', '--silent', '--pack-destination', tarballs, ...built], { cwd: home });

  const manifests = await Promise.all(built.map(readManifest));
  const { version, devDependencies = {} } = await readManifest(ROOT);
  const dependencies = Object.fromEntries([
    ...manifests.map(({ name }) => [name, `file:../tarballs/${name.replace('@', '').replace('/', '-')}-${version}.tgz`]),
    ...COMPILER.map((name) => [name, devDependencies[name]]),
  ]);
  const project = { name: 'project', version: '1.0.0', dependencies };
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  const packed = Object.fromEntries(manifests.map((manifest) => [manifest.name, manifest]));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...project, private: true, type: 'module' }));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(projectLock(lock.packages, project, packed)));
  await run('npm', ['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  return projectIn(folder);
}

/** Builds all packages, and returns their folders. */
export async function buildAllPackages(): Promise<string[]> {
  await run(process.execPath, [join(ROOT, 'tools/packages/run.mjs')]);
  const names = await readdir(join(ROOT, 'packages'));
  return names.map((name) => join(ROOT, 'dist/packages', name));
}

/** Returns a `Project` for a folder that contains an installed project. */
export function projectIn(folder: string): Project {
  return {
    folder,
    run: async (args, env = {}) => {
      const { stdout } = await run(process.execPath, args, { cwd: folder, env: { PATH: process.env.PATH, ...env } }).catch((error) => {
        throw new Error(`node ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`);
      });
      return stdout;
    },
  };
}

/**
 * Two players of the project play a whole game. After four of nine moves, the owner of their room is killed. Returns what the players
 * print before the kill and at the end of the game.
 */
export async function playOnAfterKill({ folder }: Project, fleet: Fleet): Promise<{ half: { room: string }; end: unknown }> {
  const players = spawn(process.execPath, ['dist/players.js', fleet.gateways[0].publicUrl], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const lines = createInterface({ input: players.stdout })[Symbol.asyncIterator]();
    const half = JSON.parse((await lines.next()).value as string) as { room: string };
    const owner = await fleet.ownerOf({ id: half.room });
    owner.kill();
    await owner.exited;
    players.stdin.write('go on\n');
    return { half, end: JSON.parse((await lines.next()).value as string) };
  } finally {
    players.kill('SIGKILL');
  }
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}
