import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const LOOK_MS = 100;

/**
 * Does work that no two processes of this machine may do at once. A process that finds the lock held waits. A lock whose processes
 * are all gone (kill -9) is taken over, so nobody has to remove one by hand.
 *
 * @template T
 * @param {string} file the lock; its folder is made where it is missing
 * @param {(holdToo: (pid: number) => Promise<void>) => Promise<T>} work `holdToo`: the lock also counts as held while this process
 *   lives, since a child may outlive the process that started it
 * @param {{ waiting?: () => void }} [options] `waiting`: called once if the lock is held
 * @returns {Promise<T>}
 */
export async function withLock(file, work, { waiting = () => {} } = {}) {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const mine = [await nameOf(process.pid)];
  for (let tries = 0; !(await take(file, mine)); tries++) {
    if (tries === 0) waiting();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
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

/** @param {string} file @param {readonly string[]} mine @returns {Promise<boolean>} whether it is ours now */
async function take(file, mine) {
  const draft = draftOf(file);
  // Made whole and then linked: nobody finds a lock that does not say who holds it.
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
 * Another process may have done so already, and hold the lock by now: then that one is put back.
 *
 * @param {string} file @param {string} holders who are gone
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

/** A process by its pid and, where /proc tells, when it was started: a pid is given to another one later. @param {number} pid */
async function nameOf(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is a name in parentheses, which may hold anything.
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
}

/** @param {string} file */
function draftOf(file) {
  return `${file}.${randomUUID().slice(0, 8)}`;
}
