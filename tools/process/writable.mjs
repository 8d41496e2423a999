import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlainError } from './plain-error.mjs';

/** The failures that the user can mend, and what to do about each. @type {Readonly<Record<string, string>>} */
const REMEDIES = {
  EACCES: 'Give it to this user',
  EPERM: 'Give it to this user',
  EROFS: 'Make it writable',
  ENOSPC: 'Free some space on its disk',
  EDQUOT: 'Free some space of this user',
  ENOTDIR: 'Remove the file in its place',
  EEXIST: 'Remove the file in its place',
};

/**
 * Creates a folder if it is missing, and writes a file there for a moment.
 *
 * @param {string} folder @param {string} otherwise what the user can do instead, as the end of a sentence: "set HOLDFAST_DIR to …"
 * @throws {PlainError} a sentence when the folder cannot be written
 */
export function assertWritable(folder, otherwise) {
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (error) {
    const { code = String(error) } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOSPC') rmSync(probe, { force: true });
    throw new PlainError(`The folder ${folder} cannot be written (${code}). ${REMEDIES[code] ?? 'Make it writable'}, or ${otherwise}.`);
  }
}

/**
 * @param {string} folder @param {number} neededMb @param {string} what the thing that needs the space
 * @throws {PlainError} a sentence when the disk of the folder has less space
 */
export function assertSpace(folder, neededMb, what) {
  const { bavail, bsize } = statfsSync(folder);
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
  if (freeMb < neededMb)
    throw new PlainError(`The disk of ${folder} has ${freeMb} MB free, and ${what} need ${neededMb} MB. Free some space.`);
}
