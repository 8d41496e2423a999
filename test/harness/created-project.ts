import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../tools/process/free-port.mjs';
import { ended, spawnLeashed } from '../../tools/process/leashed.mjs';
import { ROOT } from '../../tools/process/paths.mjs';
import { until } from '../../tools/process/until.mjs';
import { findRedisServer } from '../../tools/redis/index.mjs';

const execute = promisify(execFile);

/** Builds all packages, and packs them as npm publishes them. Resolves with the archive of each package, by its name. */
export async function packPackages(folder: string): Promise<ReadonlyMap<string, string>> {
  await mkdir(folder, { recursive: true });
  await execute(process.execPath, [join(ROOT, 'tools/packages/run.mjs')]);
  const archives = new Map<string, string>();
  for (const name of ['client', 'game-kit', 'server', 'cli', 'testing', 'react', 'create-holdfast']) {
    const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(ROOT, 'dist/packages', name) });
    const [packed] = JSON.parse(stdout) as { name: string; filename: string }[];
    archives.set(packed.name, join(folder, packed.filename));
  }
  return archives;
}

/** Installs create-holdfast from its archive. Resolves with the path of the installed command. */
export async function installCreator(folder: string, archives: ReadonlyMap<string, string>): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await execute('npm', ['install', ...NPM_FLAGS, archives.get('create-holdfast') as string], { cwd: folder });
  return join(folder, 'node_modules/.bin/create-holdfast');
}

const NPM_FLAGS = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/** A project that create-holdfast has written, outside of the tree of this repository. */
export class CreatedProject {
  constructor(
    readonly folder: string,
    private readonly archives: ReadonlyMap<string, string>,
  ) {}

  /** Installs the packages of Holdfast from their archives, and all other packages from the registry of npm. */
  async install(): Promise<void> {
    const file = join(this.folder, 'package.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    const own: string[] = [];
    for (const dependencies of [manifest.dependencies, manifest.devDependencies]) {
      const names = Object.keys(dependencies).filter((name) => name.startsWith('@holdfast/'));
      for (const name of names) dependencies[name] = `file:${this.archives.get(name)}`;
      own.push(...names);
    }
    // Packages of Holdfast depend on each other. So npm must use the archives for these dependencies, too.
    manifest.overrides = Object.fromEntries(own.map((name) => [name, `$${name}`]));
    await writeFile(file, JSON.stringify(manifest, null, 2));
    await this.npm('install', ...NPM_FLAGS);
  }

  /** Runs npm in the folder of the project. Rejects with the output when npm fails. Resolves with the output. */
  async npm(...args: string[]): Promise<string> {
    try {
      return (await execute('npm', args, { cwd: this.folder, env: await environment() })).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`npm ${args.join(' ')} failed in ${this.folder}:\n${stdout}${stderr}`);
    }
  }

  /** Runs `npm start`. Resolves when the servers are ready. */
  async start(): Promise<StartedProject> {
    const port = await freePort();
    const child = spawnLeashed('npm', ['start'], {
      cwd: this.folder,
      env: { ...(await environment()), PUBLIC_PORT: String(port) },
      stdout: 'pipe',
      stderr: 'pipe',
      graceSeconds: 15,
    });
    const started = new StartedProject(child, port);
    await started.untilReady();
    return started;
  }
}

/** Returns the environment of the terminal. Its PATH has the Redis of this repository, so that no project downloads a Redis. */
async function environment(): Promise<NodeJS.ProcessEnv> {
  const { command, env } = await findRedisServer();
  const { HOLDFAST_DIR, HOLDFAST_DIST, JEST_WORKER_ID, REDIS_URL, ...rest } = { ...process.env, ...env };
  return { ...rest, NODE_ENV: '', PATH: `${dirname(command)}${delimiter}${rest.PATH}` };
}

/** A project whose `npm start` is running. */
export class StartedProject {
  /** The URL of the page. */
  readonly page: string;
  /** The WebSocket URL for players. */
  readonly play: string;
  output = '';

  constructor(
    private readonly child: ChildProcess,
    port: number,
  ) {
    this.page = `http://127.0.0.1:${port}/`;
    this.play = `ws://127.0.0.1:${port}/play`;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
  }

  async untilReady(): Promise<void> {
    const line = new RegExp(`^ +Play +${this.page.slice(0, -1)}$`, 'm');
    await until(() => line.test(this.output) || this.hasEnded(), 60_000);
    if (this.hasEnded()) throw new Error(`npm start ended:\n${this.output}`);
  }

  /** Presses Ctrl-C: all processes of the terminal get SIGINT. Resolves when `npm start` has ended. */
  async stop(): Promise<void> {
    if (this.hasEnded()) return;
    process.kill(-(this.child.pid as number), 'SIGINT');
    if (await ended(this.child, 20_000)) return;
    this.child.kill('SIGKILL');
    throw new Error(`npm start did not end after SIGINT:\n${this.output}`);
  }

  private hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
