import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIST, ROOT } from '../process/paths.mjs';

/**
 * The folder of the sources of all packages. It has one folder for each package, with its manifest, its README, and files that are shipped
 * unchanged.
 */
export const SOURCES = join(ROOT, 'packages');

/**
 * The parts of a package: the field `holdfast` of its manifest. The built manifest does not have this field.
 *
 * @typedef {object} Contents
 * @property {{ platform: 'neutral' | 'node', entries: Record<string, string> }} [bundle] entries that are bundled, each with what it
 *   imports from this repository: the name of the built file, and its source relative to the repository
 * @property {string[]} [libraries] folders of libs/ that are shipped as compiled files, in `libs/`
 * @property {Record<string, string>} [borrowed] libraries that another package ships, each with the entry that has it
 * @property {string[]} [tree] folders and files of this repository that are shipped in the same place, TypeScript as compiled files
 * @property {Record<string, string>} [files] further files or folders: the path in the package, and the path in the repository
 *
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} description
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [imports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Contents} [holdfast]
 */

/** @returns {Promise<string[]>} the names of the folders in packages/, sorted */
export async function packageNames() {
  const entries = await readdir(SOURCES, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** @param {string} name the folder in packages/ @returns {string} the folder of the built package */
export function folderOf(name) {
  return join(DIST, 'packages', name);
}

/** @param {string} name the folder in packages/ @returns {Promise<Manifest>} */
export async function sourceManifest(name) {
  return JSON.parse(await readFile(join(SOURCES, name, 'package.json'), 'utf8'));
}

/** @returns {Promise<{ version: string, license: string, engines: Record<string, string>, dependencies: Record<string, string>, devDependencies: Record<string, string> }>} */
export async function rootManifest() {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
}

/**
 * Pure: returns the manifest of the built package. Each package has the version of the repository, and depends on exactly this version of
 * the other packages.
 *
 * @param {Manifest} source
 * @param {Awaited<ReturnType<typeof rootManifest>>} root
 */
export function builtManifest({ holdfast, name, description, ...source }, { version, license, engines }) {
  const filled = (/** @type {'dependencies' | 'peerDependencies'} */ field) => {
    const ranges = source[field];
    return ranges && { [field]: Object.fromEntries(Object.entries(ranges).map(([to, range]) => [to, isOwn(to) ? version : range])) };
  };
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    ...source,
    ...filled('dependencies'),
    ...filled('peerDependencies'),
  };
}

/** @param {string} dependency */
export function isOwn(dependency) {
  return dependency.startsWith('@holdfast/');
}
