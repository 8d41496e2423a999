import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOLDFAST_DIR } from './paths.mjs';
import { PlainError } from './plain-error.mjs';

/** The error codes of problems that the user can fix, each with the remedy. @type {Readonly<Record<string, string>>} */
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
 * Creates a folder if it is missing. Then tests whether the folder is writable: writes a file into it and removes the file again.
 *
 * @param {string} folder @param {string} otherwise what the user can do instead, as the end of a sentence: "set HOLDFAST_DIR to …"
 * @param {number} [mode] the permissions, when it is created
 * @throws {PlainError} a sentence when the folder cannot be written
 */
export function assertWritable(folder, otherwise, mode = 0o777) {
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true, mode });
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (error) {
    const { code = String(error) } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOSPC') rmSync(probe, { force: true });
    throw new PlainError(`The folder ${folder} cannot be written (${code}). ${REMEDIES[code] ?? 'Make it writable'}, or ${otherwise}.`);
  }
}

/**
 * Creates the folder of data, logs and downloads, which only its user may read. Throws when the folder is not writable. @throws
 * {PlainError}
 */
export function assertDataFolder() {
  assertWritable(HOLDFAST_DIR, 'set HOLDFAST_DIR to a folder that this user can write', 0o700);
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
