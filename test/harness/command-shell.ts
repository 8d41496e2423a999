import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../tools/process/paths.mjs';
import { findRedisServer } from '../../tools/redis/index.mjs';
import { ADMIN_TOKEN, type Fleet } from './fleet.js';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/**
 * A shell in which the commands of a page of the documentation work without changes. Its folder consists of links to the files of the
 * repository, with the `.holdfast` that `npm start` would have written for the fleet of a test. Its `redis-cli` uses the Redis of the fleet
 * by default. Its `npm` starts the program of a script directly, because npm itself takes as long as the program.
 */
export class CommandShell {
  private readonly running = new Set<ChildProcess>();

  private constructor(
    readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async open(fleet: Fleet): Promise<CommandShell> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-shell-'));
    for (const name of await readdir(ROOT)) if (name !== '.holdfast') await symlink(join(ROOT, name), join(folder, name));
    const state = join(folder, '.holdfast');
    await mkdir(state);
    await symlink(fleet.logFolder, join(state, 'logs'));
    const pids = Object.fromEntries(fleet.servers.map(({ type, name, pid }) => [`${type} ${name}`, pid]));
    const running = { opsUrl: fleet.gateways[0]?.opsUrl, adminToken: ADMIN_TOKEN, redisUrl: fleet.redis.url, pids };
    await writeFile(join(state, 'running.json'), JSON.stringify(running));

    const bin = join(state, 'bin');
    await mkdir(bin);
    const redis = await findRedisServer();
    const program = async (name: string, script: string): Promise<void> => {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, name), 0o755);
    };
    await program('redis-cli', `exec "${join(dirname(redis.command), 'redis-cli')}" -p ${fleet.redis.port} "$@"`);
    await program('npm', npmScript(await readFile(join(ROOT, 'package.json'), 'utf8')));
    await program('holdfast', `exec "${process.execPath}" "${join(ROOT, 'packages/cli/src/holdfast.mjs')}" "$@"`);
    const path = [bin, dirname(process.execPath), process.env.PATH].join(':');
    const { ADMIN_TOKEN: _, REDIS_URL: __, ...rest } = process.env;
    return new CommandShell(folder, { ...rest, ...redis.env, PATH: path, HOLDFAST_DIR: state });
  }

  /**
   * Runs a command to its end. `variables`: the values of its variables, such as `$ROOM`; a variable without a value makes the command
   * fail. `until`: ends the command when its output so far matches, for a command that does not end by itself.
   */
  async run(command: string, variables: Readonly<Record<string, string>>, until?: RegExp): Promise<Ended> {
    const child = spawn('sh', ['-uc', command], {
      cwd: this.folder,
      env: { ...this.env, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
        if (until?.test(output)) signal(child, 'SIGINT');
      });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    this.running.delete(child);
    return { code, output };
  }

  /** Ends the commands that still run, and deletes the folder. */
  async close(): Promise<void> {
    for (const child of this.running) signal(child, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Sends a signal to a command and all of its processes, because a shell does not pass signals on. */
function signal({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, name);
}

/** Returns a program for `npm run [-s] NAME [-- ARGUMENTS]` with the scripts of this package.json. */
function npmScript(packageJson: string): string {
  const cases = Object.entries(JSON.parse(packageJson).scripts as Record<string, string>).map(
    ([name, script]) => `${name}) [ "$2" = -- ] && shift; shift; exec ${script.replace(/^.* && exec /, '')} "$@" ;;`,
  );
  return [
    '[ "$1" = run ] && shift',
    '[ "$1" = -s ] && shift',
    'case "$1" in',
    ...cases,
    'esac',
    'echo "there is no script $1" >&2; exit 1',
  ].join('\n');
}
