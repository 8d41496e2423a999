import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HOLDFAST_DIR, PROJECT } from '../process/paths.mjs';
import { makePrivate, makePrivateFolder } from '../process/private-files.mjs';

export const RUNNING_FILE = join(HOLDFAST_DIR, 'running.json');
export const LOGS = join(HOLDFAST_DIR, 'logs');
/** The folder in which each server of the fleet writes a file with its ports when it is ready. */
export const READY_FILES = join(HOLDFAST_DIR, 'run');
export const REDIS_FOLDER = join(HOLDFAST_DIR, 'redis');

/**
 * Creates the folders for logs, for the files with the servers' ports, and for Redis. Only this user may read them, because they contain
 * games, tokens and passwords. Also restricts folders that an older version created with wider permissions.
 */
export function preparePrivateFolders() {
  // An existing folder that the user has chosen keeps its permissions, because it perhaps contains other files.
  if (!existsSync(HOLDFAST_DIR) || HOLDFAST_DIR === join(PROJECT, '.holdfast')) {
    mkdirSync(HOLDFAST_DIR, { recursive: true, mode: 0o700 });
    chmodSync(HOLDFAST_DIR, 0o700);
  }
  for (const folder of [LOGS, READY_FILES, REDIS_FOLDER]) makePrivateFolder(folder);
  makePrivate(RUNNING_FILE);
}
