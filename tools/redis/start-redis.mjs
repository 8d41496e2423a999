import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { freePort } from '../process/free-port.mjs';
import { ended, spawnLeashed } from '../process/leashed.mjs';
import { findRedisServer } from './find-redis.mjs';

/**
 * @typedef {object} StartRedisOptions
 * @property {string} dir folder for data, configuration and log; created when missing
 * @property {boolean} [appendonly] persist writes across a restart (default: no)
 * @property {number} [port] default: a free one below 32768
 * @property {(port: number) => boolean} [isAllowed] for a free port: false for ports that something else will use soon
 * @property {string} [password] required of clients; contained in `url`, and in the configuration file, which only its user can read
 * @property {RedisTlsFiles} [tls] accept only TLS; `url` is then `rediss://…`
 * @property {Record<string, string | number>} [config] further lines of the configuration: `{ 'cluster-enabled': 'yes' }`, `{ replicaof: '127.0.0.1 6379' }`
 * @property {boolean} [sentinel] run as a Sentinel; `config` is then `{ 'sentinel monitor': 'name 127.0.0.1 6379 2' }`
 * @property {number} [timeoutMs] for the first answer, in ms; loading a large append-only file takes a while
 * @property {import('./find-redis.mjs').RedisServer} [server] default: `findRedisServer()`
 * @property {import('./find-redis.mjs').Log} [log]
 *
 * @typedef {{ ca: string, cert: string, key: string }} RedisTlsFiles paths of PEM files. Clients need no certificate
 *
 * @typedef {object} RunningRedis
 * @property {string} url
 * @property {number} port
 * @property {number} pid pid of the server, for tests that suspend or kill it
 * @property {import('node:child_process').ChildProcess} process
 * @property {() => Promise<void>} stop sends SIGTERM, waits, then sends SIGKILL
 */

/**
 * Starts a private Redis on 127.0.0.1. This Redis evicts no keys, and ends with this process. Resolves when Redis answers.
 *
 * @param {StartRedisOptions} options
 * @returns {Promise<RunningRedis>}
 * @throws with its last output when it ends or does not answer within `timeoutMs`
 */
export async function startRedis(options) {
  const server = options.server ?? (await findRedisServer({ log: options.log }));
  // Tries other ports, because another process can bind the port before this Redis does.
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort('127.0.0.1', options.isAllowed));
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
    super(`${message}${log ? `; its output:\n${lastLines(log, 5)}` : ''}`);
    this.log = log;
  }
}

/** @param {number} port @param {import('./find-redis.mjs').RedisServer} server @param {StartRedisOptions} options @returns {Promise<RunningRedis>} */
async function startOn(port, server, { dir, appendonly = false, password, tls, config = {}, sentinel = false, timeoutMs = 15_000 }) {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, 'redis.conf');
  const logFile = join(dir, 'redis.log');
  const text = configuration(port, dir, appendonly, sentinel, {
    ...(password && { requirepass: password }),
    ...(tls && tlsConfiguration(port, tls)),
    ...config,
  });
  // Does not write the file when it already has this text. On a full disk the write would fail, although Redis could start with the
  // existing file.
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
  const certificates = tls && { ca: await readFile(tls.ca), cert: await readFile(tls.cert), key: await readFile(tls.key) };
  while (!(await answers(port, child.pid ?? -1, password, certificates))) {
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
  const url = `redis${tls ? 's' : ''}://${password ? `:${encodeURIComponent(password)}@` : ''}127.0.0.1:${port}`;
  return { url, port, pid: /** @type {number} */ (child.pid), process: child, stop: () => stop(child) };
}

/** @param {number} port @param {string} dir @param {boolean} appendonly @param {boolean} sentinel @param {Record<string, string | number>} more */
function configuration(port, dir, appendonly, sentinel, more) {
  /** @type {Record<string, string | number>} */
  const lines = { port, bind: '127.0.0.1', dir: `"${dir}"`, daemonize: 'no' };
  // The private Redis must not evict keys, because it would silently lose rooms.
  if (!sentinel) Object.assign(lines, { save: '""', appendonly: appendonly ? 'yes' : 'no', 'maxmemory-policy': 'noeviction' });
  return Object.entries({ ...lines, ...more })
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}

/**
 * Redis also connects to other processes with TLS: as a replica, as a Sentinel, and as a node of a Cluster.
 *
 * @param {number} port @param {RedisTlsFiles} tls
 */
function tlsConfiguration(port, { ca, cert, key }) {
  return {
    port: 0,
    'tls-port': port,
    'tls-ca-cert-file': `"${ca}"`,
    'tls-cert-file': `"${cert}"`,
    'tls-key-file': `"${key}"`,
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
  };
}

/**
 * Returns whether the process `pid` answers on the port and has loaded its data. Checks the pid, because another Redis could use the port.
 *
 * @param {number} port @param {number} pid @param {string} [password]
 * @param {{ ca: Buffer, cert: Buffer, key: Buffer }} [certificates] for TLS; Redis may require a certificate of its clients
 * @returns {Promise<boolean>}
 */
function answers(port, pid, password, certificates) {
  return new Promise((resolve) => {
    const at = { host: '127.0.0.1', port };
    const socket = certificates ? connectTls({ ...at, ...certificates, checkServerIdentity: () => undefined }) : createConnection(at);
    let reply = '';
    const settle = (/** @type {boolean} */ value) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(1_000, () => settle(false));
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
    socket.on(certificates ? 'secureConnect' : 'connect', () =>
      socket.write(`${password ? `AUTH ${password}\r\n` : ''}PING\r\nINFO server\r\n`),
    );
    socket.on('data', (chunk) => {
      reply += chunk;
      // When `config` has a password, this function cannot read the pid of the Redis that answers. So it accepts the answer of any Redis.
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
  // Continues the process first, because a suspended process (SIGSTOP in a test) would not handle the signal.
  child.kill('SIGCONT');
  if (await ended(child, 5_000)) return;
  child.kill('SIGKILL');
  await ended(child, 5_000);
}

/** @param {string} text @param {number} count */
function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
