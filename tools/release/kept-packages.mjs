import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../process/paths.mjs';

/** The folder with the packed packages of the last release. They are in a subfolder whose name is the version of the release. */
export const RELEASES = join(ROOT, 'releases');

/**
 * The packages of the last release, as they were packed for it.
 *
 * @typedef {object} KeptRelease
 * @property {string} version
 * @property {string} folder
 * @property {ReadonlyMap<string, string>} archives the archive of each package, by the name of the package
 */

/** @param {string} [releases] @returns {Promise<KeptRelease>} @throws when there is not exactly one release */
export async function lastRelease(releases = RELEASES) {
  const entries = existsSync(releases) ? await readdir(releases, { withFileTypes: true }) : [];
  const versions = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const [version] = versions;
  if (version === undefined || versions.length > 1)
    throw new Error(`${releases} must have the packages of one release; it has ${versions.join(', ') || 'none'}.`);
  const folder = join(releases, version);
  const index = JSON.parse(await readFile(join(folder, 'packages.json'), 'utf8'));
  const archives = Object.entries(/** @type {Record<string, string>} */ (index)).map(
    ([name, file]) => /** @type {const} */ ([name, join(folder, file)]),
  );
  return { version, folder, archives: new Map(archives) };
}
