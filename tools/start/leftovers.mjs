import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The content of the file about the fleet that runs from this folder. After a `kill -9` of `npm start`, the next start reads here which
 * processes are left.
 *
 * @typedef {object} Running
 * @property {number} supervisor the pid of `npm start`
 * @property {string} [supervisorCommand] its command line
 * @property {readonly string[]} [entries] the files that its servers run
 * @property {string} [url] the URL for players
 * @property {string} [opsUrl]
 * @property {string} [certificate] file of the certificate at `url`, with TLS
 * @property {string} [opsCertificate] file of the certificate at `opsUrl`
 * @property {string} [adminToken]
 * @property {string} [redisUrl] the private Redis, with its password
 * @property {Record<string, number>} pids by label
 */

/**
 * A process belongs to the fleet if its command line contains one of these names or the entry of a server. Without this check, the tool
 * could end a process of another program to which the system has given the same pid.
 */
const REDIS = ['redis-server', 'valkey-server'];
const END_TIMEOUT_MS = 10_000;

/** @param {string} file @returns {Running | null} */
export function readRunning(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Writes the file atomically, readable for this user only, because it contains the admin token. Throws when it cannot be written.
 *
 * @param {string} file @param {Running} running
 */
export function writeRunning(file, running) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.draft`;
  // Deletes the file that an earlier attempt has left, because its permissions are perhaps wider.
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
}

/** @param {string} file */
export function forgetRunning(file) {
  rmSync(file, { force: true });
}

/**
 * Returns the running fleet when its `npm start` is alive. Otherwise ends the remaining processes of the fleet and returns null. Servers
 * get SIGKILL, because their rooms are in Redis. Redis gets SIGTERM, so that it writes its data, and SIGKILL after 10 s.
 *
 * @param {string} file
 * @returns {Promise<Running | null>}
 */
export async function clearLeftovers(file) {
  const running = readRunning(file);
  if (!running) return null;
  const command = running.supervisor === process.pid ? null : commandOf(running.supervisor);
  if (command !== null && command === running.supervisorCommand) return running;
  const ours = [...REDIS, ...(running.entries ?? [])];
  const isOurs = (/** @type {number} */ pid) => ours.some((text) => commandOf(pid)?.includes(text));
  const left = Object.entries(running.pids).filter(([, pid]) => isOurs(pid));
  for (const [label, pid] of left) signal(pid, label === 'redis' ? 'SIGTERM' : 'SIGKILL');
  for (const [, pid] of left) {
    const deadline = Date.now() + END_TIMEOUT_MS;
    while (isOurs(pid)) {
      if (Date.now() > deadline) signal(pid, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return null;
}

/** Returns the command line of a process. @param {number} pid @returns {string | null} null: the process does not exist */
export function commandOf(pid) {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // Ignores the error, because the process has just ended.
  }
}
