import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../process/free-port.mjs';
import { ended, spawnLeashed } from '../process/leashed.mjs';
import { onPath } from '../redis/find-redis.mjs';

const run = promisify(execFile);

/** The user and group `nobody`. PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/**
 * @typedef {object} RunningPostgres
 * @property {string} url with a superuser that needs no password
 * @property {number} port
 * @property {import('node:child_process').ChildProcess} process
 * @property {() => Promise<void>} kill sends SIGKILL to the server and resolves when it has ended
 */

/**
 * Starts a private PostgreSQL on 127.0.0.1, which ends with this process. Creates its data in `dir` when the folder has none. Resolves when
 * PostgreSQL answers. After `kill`, a call with the same `dir` and `port` uses the stored data again.
 *
 * @param {{ postgres: import('./find-postgres.mjs').Postgres, dir: string, port?: number, timeoutMs?: number }} options
 * @returns {Promise<RunningPostgres>}
 * @throws with its last output when it ends or does not answer within `timeoutMs`
 */
export async function startPostgres({ postgres, dir, port: wanted, timeoutMs = 30_000 }) {
  const { bin, env } = postgres;
  const as = asUser(env);
  const data = join(dir, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (as.length > 0) for (const folder of [dir, data]) await chown(folder, NOBODY, NOBODY);
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const args = ['-D', data, '-U', 'holdfast', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    const [command = '', ...rest] = [...as, join(bin, 'initdb'), ...args];
    await run(command, rest, { env, cwd: dir });
  }
  const port = wanted ?? (await freePort());
  const logFile = join(dir, 'postgres.log');
  const deadline = Date.now() + timeoutMs;
  // Tries again when the start fails. After a SIGKILL, the processes of the former server need a moment to end, and until then a new server
  // refuses to start.
  for (;;) {
    const output = await open(logFile, 'w', 0o600);
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=16MB', 'max_connections=50'];
    const [command = '', ...rest] = [
      ...as,
      join(bin, 'postgres'),
      ...['-D', data, '-p', String(port)],
      ...settings.flatMap((setting) => ['-c', setting]),
    ];
    const child = spawnLeashed(command, rest, { env, cwd: dir, stdout: output.fd, stderr: output.fd });
    await output.close();
    const url = `postgres://holdfast@127.0.0.1:${port}/postgres`;
    while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
      if (await answers(url)) return { url, port, process: child, kill: () => kill(child) };
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await kill(child);
    if (Date.now() < deadline) continue;
    const log = await readFile(logFile, 'utf8').catch(() => '');
    throw new Error(
      `PostgreSQL did not answer on port ${port} within ${timeoutMs} ms; its output:\n${log.trimEnd().split('\n').slice(-5).join('\n')}`,
    );
  }
}

/**
 * Returns the command prefix with which root runs a program as `nobody`. For any other user, returns an empty list.
 *
 * @param {NodeJS.ProcessEnv} env @returns {string[]}
 */
function asUser(env) {
  if (process.getuid?.() !== 0) return [];
  const setpriv = onPath('setpriv', env);
  if (!setpriv) throw new Error('PostgreSQL does not run as root, and there is no setpriv to change the user: install util-linux');
  return [setpriv, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
}

/** @param {string} url @returns {Promise<boolean>} */
async function answers(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function kill(child) {
  child.kill('SIGKILL');
  await ended(child, 5_000);
}
