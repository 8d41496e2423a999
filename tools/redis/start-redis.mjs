import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../process/free-port.mjs';
import { ended, spawnLeashed } from '../process/leashed.mjs';
import { findRedisServer } from './find-redis.mjs';

/**
 * @typedef {object} StartRedisOptions
 * @property {string} dir its own folder, for data, configuration and log; made when missing
 * @property {boolean} [appendonly] keep what is written over a restart (default: no, nothing is saved)
 * @property {number} [port] default: a free one below 32768
 * @property {string} [password] clients must know it; it stands in the configuration file, for its user alone, and in `url`
 * @property {Record<string, string | number>} [config] further lines of its configuration: `{ 'cluster-enabled': 'yes' }`, `{ replicaof: '127.0.0.1 6379' }`
 * @property {boolean} [sentinel] run as a Sentinel; `config` then holds `{ 'sentinel monitor': 'name 127.0.0.1 6379 2' }`
 * @property {number} [timeoutMs] for the first answer; a large append-only file takes a while to load
 * @property {import('./find-redis.mjs').RedisServer} [server] default: `findRedisServer()`
 * @property {import('./find-redis.mjs').Log} [log]
 *
 * @typedef {object} RunningRedis
 * @property {string} url
 * @property {number} port
 * @property {number} pid the server's own, for tests that stop or kill it
 * @property {import('node:child_process').ChildProcess} process
 * @property {() => Promise<void>} stop asks, waits, insists
 */

/**
 * A Redis of our own, on 127.0.0.1 only, that refuses to evict and ends with this process. It answers when this returns.
 *
 * @param {StartRedisOptions} options
 * @returns {Promise<RunningRedis>}
 */
export async function startRedis(options) {
  const server = options.server ?? (await findRedisServer({ log: options.log }));
  // Between finding a port free and binding it, somebody else may take it.
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    try {
      return await startOn(port, server, options);
    } catch (error) {
      const taken = error instanceof RedisDidNotStart && /Address already in use/.test(error.log);
      if (!taken || options.port !== undefined || attempt === 5) throw error;
    }
  }
}

class RedisDidNotStart extends Error {
  /** @param {string} message @param {string} log */
  constructor(message, log) {
    super(`${message}${log ? `; it said:\n${lastLines(log, 5)}` : ''}`);
    this.log = log;
  }
}

/** @param {number} port @param {import('./find-redis.mjs').RedisServer} server @param {StartRedisOptions} options @returns {Promise<RunningRedis>} */
async function startOn(port, server, { dir, appendonly = false, password, config = {}, sentinel = false, timeoutMs = 15_000 }) {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'redis.conf');
  const logFile = join(dir, 'redis.log');
  const text = configuration(port, dir, appendonly, sentinel, { ...(password && { requirepass: password }), ...config });
  // One that stands there already is kept: a full disk takes no other, and this Redis can start all the same.
  if ((await readFile(file, 'utf8').catch(() => null)) !== text) await writeFile(file, text, { mode: 0o600 });

  const output = await open(logFile, 'w', 0o600);
  const child = spawnLeashed(server.command, [file, ...(sentinel ? ['--sentinel'] : [])], {
    env: server.env,
    stdout: output.fd,
    stderr: output.fd,
  });
  await output.close();
  let failure = '';
  child.once('error', (error) => {
    failure = error.message;
  });

  const deadline = Date.now() + timeoutMs;
  while (!(await answers(port, child.pid ?? -1, password))) {
    const gone = failure !== '' || child.exitCode !== null || child.signalCode !== null;
    if (gone || Date.now() > deadline) {
      child.kill('SIGKILL');
      const log = await readFile(logFile, 'utf8').catch(() => '');
      throw new RedisDidNotStart(
        `${server.command} ${gone ? `did not start on port ${port}` : `did not answer on port ${port} within ${timeoutMs} ms`}${failure && `: ${failure}`}`,
        log,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const url = `redis://${password ? `:${encodeURIComponent(password)}@` : ''}127.0.0.1:${port}`;
  return { url, port, pid: /** @type {number} */ (child.pid), process: child, stop: () => stop(child) };
}

/** @param {number} port @param {string} dir @param {boolean} appendonly @param {boolean} sentinel @param {Record<string, string | number>} more */
function configuration(port, dir, appendonly, sentinel, more) {
  /** @type {Record<string, string | number>} */
  const lines = { port, bind: '127.0.0.1', dir: `"${dir}"`, daemonize: 'no' };
  // A store that evicts would lose rooms in silence.
  if (!sentinel) Object.assign(lines, { save: '""', appendonly: appendonly ? 'yes' : 'no', 'maxmemory-policy': 'noeviction' });
  return Object.entries({ ...lines, ...more })
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

/**
 * Whether this very process answers on the port (and has loaded its data): another Redis there would be a stranger's.
 *
 * @param {number} port @param {number} pid @param {string} [password]
 * @returns {Promise<boolean>}
 */
function answers(port, pid, password) {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let reply = '';
    const settle = (/** @type {boolean} */ value) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
    socket.on('connect', () => socket.write(`${password ? `AUTH ${password}\r\n` : ''}PING\r\nINFO server\r\n`));
    socket.on('data', (chunk) => {
      reply += chunk;
      // A password asked for by `config` hides both; that it answers has to do.
      if (reply.startsWith('-NOAUTH')) return settle(true);
      if (reply.startsWith('-')) return settle(false);
      const found = /process_id:(\d+)/.exec(reply);
      if (found && /process_id:\d+\r\n/.test(reply)) settle(Number(found[1]) === pid);
    });
  });
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  child.kill('SIGTERM');
  // A stopped process (SIGSTOP in a test) would keep the signal for later.
  child.kill('SIGCONT');
  if (await ended(child, 5_000)) return;
  child.kill('SIGKILL');
  await ended(child, 5_000);
}

/** @param {string} text @param {number} count */
function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
