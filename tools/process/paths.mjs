import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this code: the repository, an image, or an installed package. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The name of the configuration file of a project outside of this repository. The file names the servers of the project. */
export const CONFIG_FILE = 'holdfast.config.json';

/** The project on which the tools work: this repository, or the project in which `holdfast` was started. */
export const PROJECT = projectFolder(process.cwd(), ROOT);

/**
 * The folder for files of the tools on this machine: a downloaded Redis, its data, and logs. A user who deletes it loses only stored games.
 */
export const HOLDFAST_DIR = process.env.HOLDFAST_DIR ?? join(PROJECT, '.holdfast');

/** The folder of the build's output. */
export const DIST = join(ROOT, 'dist');

/** The folder from which the tools start servers. A test may set a folder with other servers, which the tools then do not build. */
export const SERVERS_DIST = process.env.HOLDFAST_DIST ?? DIST;

/**
 * Returns the folder of the project. This is the nearest folder above `from` with a configuration. Without a configuration, it is the
 * repository or the image with this code. When this code is in an installed package, it is the nearest folder with a package.json.
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
