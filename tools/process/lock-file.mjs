import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const POLL_MS = 100;

/**
 * Runs `work` while this process has the lock. Other processes of this machine wait until the lock is free. The lock is also free when all
 * of its holders have died (kill -9).
 *
 * @template T
 * @param {string} file the lock; its folder is created when it is missing
 * @param {(holdToo: (pid: number) => Promise<void>) => Promise<T>} work `holdToo` adds another process to the holders, because a
 *   child may live longer than the process that started it
 * @param {{ waiting?: () => void }} [options] `waiting`: called once if the lock is held
 * @returns {Promise<T>}
 */
export async function withLock(file, work, { waiting = () => {} } = {}) {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const mine = [await nameOf(process.pid)];
  for (let tries = 0; !(await take(file, mine)); tries++) {
    if (tries === 0) waiting();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work(async (pid) => {
      mine.push(await nameOf(pid));
      const draft = draftOf(file);
      await writeFile(draft, mine.join('\n'));
      await rename(draft, file);
    });
  } finally {
    await rm(file, { force: true });
  }
}

/** @param {string} file @param {readonly string[]} mine @returns {Promise<boolean>} whether this process has the lock now */
async function take(file, mine) {
  const draft = draftOf(file);
  // Writes the pids into another file, and then links this file as the lock, so that a lock always contains the pids of its holders.
  await writeFile(draft, mine.join('\n'));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const holders = await readFile(file, 'utf8').catch(() => null);
  if (holders !== null && !(await livesAny(holders))) await takeAway(file, holders);
  return false;
}

/**
 * Removes a lock whose holders have all died. If the removed lock is already that of another process, puts it back.
 *
 * @param {string} file @param {string} holders the processes that are gone
 */
async function takeAway(file, holders) {
  const aside = draftOf(file);
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== holders) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

/** @param {string} holders */
async function livesAny(holders) {
  for (const name of holders.split('\n')) {
    const pid = Number(name.split(' ')[0]);
    if (isAlive(pid) && (await nameOf(pid)) === name) return true;
  }
  return false;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Returns the pid and, from /proc, the start time of a process, because the system can give the same pid to another process later. @param
 * {number} pid
 */
async function nameOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is a name in parentheses, which may contain any characters. So this function counts fields from the last parenthesis.
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
}

/** @param {string} file */
function draftOf(file) {
  return `${file}.${randomUUID().slice(0, 8)}`;
}
