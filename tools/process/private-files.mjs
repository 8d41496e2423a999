import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** Creates a folder that only its user can read. If the folder exists, restricts its permissions. @param {string} folder */
export function makePrivateFolder(folder) {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  makePrivate(folder);
}

/**
 * Removes the permissions of other users from a file, or from a folder with its content. Does nothing when the path does not
 * exist or is a symbolic link. Throws an error with the path and the remedy when other users have permissions
 * that this user cannot remove.
 *
 * @param {string} path
 */
export function makePrivate(path) {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats || stats.isSymbolicLink()) return;
  if (stats.mode & OTHERS) {
    try {
      chmodSync(path, stats.isDirectory() ? FOLDER_MODE : FILE_MODE);
    } catch (error) {
      throw new Error(
        `${path} can be read by other users, and this user cannot change that (${/** @type {NodeJS.ErrnoException} */ (error).code}). Give the folder to this user, or choose another one with HOLDFAST_DIR.`,
      );
    }
  }
  if (stats.isDirectory()) for (const name of readdirSync(path)) makePrivate(join(path, name));
}
