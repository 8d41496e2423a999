import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this code: the repository, an image, or an installed package. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The name of the file in which a project outside of this repository names its servers. */
export const CONFIG_FILE = 'holdfast.config.json';

/** The folder that the tools work on: the repository, or the project in which `holdfast` was started. */
export const PROJECT = projectFolder(process.cwd(), ROOT);

/** Files of the tools on this machine: a downloaded Redis, its data, logs. Deleting it loses only saved games. */
export const HOLDFAST_DIR = process.env.HOLDFAST_DIR ?? join(PROJECT, '.holdfast');

/** The output of the build. */
export const DIST = join(ROOT, 'dist');

/** The folder from which servers are started. A test may set another folder with its own servers, which are then not built. */
export const SERVERS_DIST = process.env.HOLDFAST_DIST ?? DIST;

/**
 * Returns the folder of the project: the nearest one above `from` with a configuration. Without one, it is the repository or the image
 * that has this code. For an installed package it is the nearest folder with a package.json.
 *
 * @param {string} from @param {string} root the folder of this code
 * @returns {string}
 */
export function projectFolder(from, root) {
  const configured = nearestWith(CONFIG_FILE, from);
  if (configured !== null) return configured;
  if (hasServers(root)) return root;
  return nearestWith('package.json', from) ?? from;
}

/** Returns whether a folder has the servers of Holdfast, as sources or as compiled files. @param {string} root */
export function hasServers(root) {
  return ['apps/gateway', 'dist/apps/gateway'].some((folder) => existsSync(join(root, folder)));
}

/** @param {string} file @param {string} from @returns {string | null} the nearest folder at or above `from` with this file */
function nearestWith(file, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return folder;
    if (dirname(folder) === folder) return null;
  }
}
