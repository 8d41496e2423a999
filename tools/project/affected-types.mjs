import { resolve } from 'node:path';
import { modulesOf } from './imports.mjs';

/**
 * Returns the types of server that load a changed file. Any server can read a file that is not JavaScript, such as a Lua script. So a
 * change of that file affects all types.
 *
 * @param {readonly string[]} changed
 * @param {Pick<import('./project.mjs').Project, 'entries' | 'root'>} project
 * @param {NodeJS.ProcessEnv} env
 * @returns {Set<import('./project.mjs').ServerType>}
 */
export function affectedTypes(changed, { entries, root }, env) {
  const files = changed.filter((file) => !file.endsWith('.map'));
  if (files.length === 0) return new Set();
  const extensions = (env.EXTENSIONS ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '')
    .map((path) => resolve(root, path));
  const types = /** @type {import('./project.mjs').ServerType[]} */ (Object.keys(entries));
  return new Set(
    types.filter((type) => {
      const modules = modulesOf([entries[type], ...extensions], root);
      return files.some((file) => modules.has(file) || !/\.[cm]?js$/.test(file));
    }),
  );
}
