import { spawn } from 'node:child_process';

/**
 * Starts a program that cannot outlive this process, even after kill -9. A `cat` beside the program reads a pipe from this process. When
 * this process ends, the pipe closes, and the program gets SIGTERM. The pid of the child is that of the program.
 *
 * The child has its own process group. So Ctrl-C on the terminal reaches only this process, which then stops its programs in order.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdout?: 'pipe' | 'ignore' | number, stderr?: 'pipe' | 'ignore' | number, graceSeconds?: number }} [options]
 *   `graceSeconds`: time between SIGTERM and SIGKILL after the end of this process
 * @returns {import('node:child_process').ChildProcess}
 */
export function spawnLeashed(command, args, { cwd, env = process.env, stdout = 'ignore', stderr = 'ignore', graceSeconds = 5 } = {}) {
  return spawn('/bin/sh', ['-c', LEASH, String(graceSeconds), command, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', stdout, stderr],
  });
}

// `$$` is the pid of the shell, and after `exec` the pid of the program. The watcher closes the output that it inherits, because it would
// otherwise keep that output open. When the program has already ended, the watcher sends no SIGKILL, because another process has perhaps
// got the pid. The umask makes files of the program readable only for its user.
const LEASH =
  'umask 077; exec 3<&0; (exec >/dev/null 2>&1; cat <&3; kill -TERM $$ || exit; sleep "$0"; kill -KILL $$) & exec "$@" </dev/null 3<&-';

/**
 * Waits until a child has ended. Returns whether it ended within `timeoutMs`.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} timeoutMs
 * @returns {Promise<boolean>}
 */
export function ended(child, timeoutMs) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const onExit = () => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      child.off('exit', onExit);
      resolve(false);
    }, timeoutMs);
    child.once('exit', onExit);
  });
}
