import { spawn } from 'node:child_process';

/**
 * Starts a program that cannot outlive this process, however this one ends (kill -9 too): a waiting `cat` holds the
 * other end of its standard input, sees it close, and ends the program. The child's pid is the program's own.
 *
 * The child leads a process group of its own, so that Ctrl-C on the terminal reaches only us and we choose the order
 * in which things stop.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdout?: 'pipe' | 'ignore' | number, stderr?: 'pipe' | 'ignore' | number, graceSeconds?: number }} [options]
 *   `graceSeconds`: between SIGTERM and SIGKILL once we are gone
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

// `$$` is the shell's pid and, after `exec`, the program's. The watcher lets go of our output, or it would hold it open,
// and does not insist when the program was gone already: its pid may be somebody else's by then.
// What the program writes is for its user alone.
const LEASH =
  'umask 077; exec 3<&0; (exec >/dev/null 2>&1; cat <&3; kill -TERM $$ || exit; sleep "$0"; kill -KILL $$) & exec "$@" </dev/null 3<&-';

/**
 * Waits for a child's end; true when it came within `timeoutMs`.
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
