import { openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { spawnLeashed } from '../process/leashed.mjs';
import { PROJECT, SERVERS_DIST } from '../process/paths.mjs';
import { SERVER_FLAGS } from '../process/server-flags.mjs';
import { SteadyWriter } from '../process/steady-writer.mjs';
import { reachableHost } from './addresses.mjs';

/**
 * The time limit for a start, in ms. A server starts in less than a second on an idle machine. But the machine can be busy, or the server
 * can wait for Redis.
 */
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const LINES_KEPT = 15;

/**
 * @typedef {object} Ports the content of HOLDFAST_READY_FILE
 * @property {string} id
 * @property {number} opsPort
 * @property {number} [linkPort]
 * @property {number} [publicPort]
 * @property {number} [tcpPort]
 *
 * @typedef {object} LaunchOptions
 * @property {string} main the compiled file
 * @property {string} [cwd] the working directory; by default the folder of the project
 * @property {readonly string[]} [flags] further flags of Node
 * @property {NodeJS.ProcessEnv} env
 * @property {string} readyFile
 * @property {string} logFile
 * @property {(line: string) => void} onLine
 * @property {(child: import('node:child_process').ChildProcess) => void} spawned
 * @property {number} [timeoutMs]
 * @property {number} [output] a file descriptor for the server's standard output and standard error, instead of `onLine`
 *   and the log file
 * @property {readonly string[]} [within] the command that runs the server, such as `ip netns exec NAME`
 * @property {boolean} [mayBeUnready] true: resolves once the ports are known, even when the server is not ready
 */

/**
 * Starts one server as a process and waits until its `/readyz` answers 200. Rejects with the server's last output when the server ends
 * first, or is not ready within `timeoutMs`.
 *
 * @param {LaunchOptions} options
 * @returns {Promise<Ports>}
 */
export async function launchServer({
  main,
  cwd = PROJECT,
  flags = [],
  env,
  readyFile,
  logFile,
  onLine,
  spawned,
  timeoutMs = READY_TIMEOUT_MS,
  output,
  within = [],
  mayBeUnready = false,
}) {
  await mkdir(dirname(readyFile), { recursive: true, mode: 0o700 });
  await mkdir(dirname(logFile), { recursive: true, mode: 0o700 });
  await rm(readyFile, { force: true });

  const [command, ...args] = [...within, process.execPath, ...SERVER_FLAGS, ...flags, main];
  const child = spawnLeashed(command, args, {
    cwd,
    env: { ...env, HOLDFAST_READY_FILE: readyFile },
    stdout: output ?? 'pipe',
    stderr: output ?? 'pipe',
  });
  spawned(child);
  /** @type {string[]} */
  const lastLines = [];
  /** @type {Ports | null} */
  let loggedPorts = null;
  const file = new SteadyWriter(() => openSync(logFile, 'a', 0o600), {
    lost: (loss) => JSON.stringify({ level: 'error', time: new Date().toISOString(), file: logFile, ...loss, event: 'log.dropped' }),
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      file.write(`${line}\n`);
      loggedPorts ??= portsOf(line);
      lastLines.push(line);
      if (lastLines.length > LINES_KEPT) lastLines.shift();
      onLine(line);
    });
  }
  child.once('close', () => file.close());

  const deadline = Date.now() + timeoutMs;
  for (;;) {
    // Reads the ports from the server's file. When the server cannot write the file, because the disk is full, reads the ports from the
    // server's log line.
    const ports = (await portsIn(readyFile)) ?? loggedPorts;
    if (ports && (mayBeUnready || (await isReady(ports.opsPort, env)))) return ports;
    if (child.exitCode !== null || child.signalCode !== null) {
      // Waits until the rest of the output has been read from the pipe.
      await new Promise((resolve) => (child.stdout?.closed !== false ? resolve(undefined) : child.once('close', resolve)));
      throw new ServerDidNotStart(`ended with ${child.signalCode ?? `exit code ${child.exitCode}`} before it was ready`, lastLines);
    }
    if (Date.now() > deadline)
      throw new ServerDidNotStart(`was not ready within ${timeoutMs / 1_000} s; its code may contain an endless loop`, lastLines);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export class ServerDidNotStart extends Error {
  /** @param {string} message @param {readonly string[]} lastLines */
  constructor(message, lastLines) {
    super(message);
    this.lastLines = lastLines;
  }
}

/** @param {string} type */
export function mainOf(type) {
  return join(SERVERS_DIST, 'apps', type, 'src/main.js');
}

/** @param {string} file @returns {Promise<Ports | null>} null while it is missing or incomplete */
async function portsIn(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

/** @param {string} line @returns {Ports | null} */
function portsOf(line) {
  if (!line.includes('"server.ready"')) return null;
  try {
    const { event, ...ports } = JSON.parse(line);
    return event === 'server.ready' ? ports : null;
  } catch {
    return null;
  }
}

/**
 * Returns whether the server is ready. Does not check its certificate, because the server runs on this machine.
 *
 * @param {number} port @param {NodeJS.ProcessEnv} env @returns {Promise<boolean>}
 */
function isReady(port, { OPS_HOST: host, OPS_TLS_CERT }) {
  const address = reachableHost(host || '127.0.0.1');
  const get = OPS_TLS_CERT ? https.get : http.get;
  return new Promise((resolve) => {
    const request = get({ host: address, port, path: '/readyz', timeout: 2_000, agent: false, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
  });
}
