import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Matches the specifier of a static import, of an export from another module, or of a dynamic import with a constant. */
const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"'\n]+)["']/g;

/**
 * Returns all modules of a project that these entries load, including the entries but without installed packages. Reads built JavaScript.
 * An import in a comment counts as well, so the result can contain too many modules.
 *
 * @param {readonly string[]} entries @param {string} root the folder whose package.json has the map of imports that begin with `#`
 * @returns {Set<string>}
 */
export function modulesOf(entries, root) {
  const map = importsOf(root);
  /** @type {Set<string>} */
  const found = new Set();
  const open = [...entries];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file) || !existsSync(file)) continue;
    found.add(file);
    for (const [, specifier] of readFileSync(file, 'utf8').matchAll(SPECIFIER)) {
      const target = specifier.startsWith('.') ? resolve(dirname(file), specifier) : targetOf(specifier, map, root);
      if (target !== null) open.push(target);
    }
  }
  return found;
}

/** @param {string} root @returns {Record<string, unknown>} */
function importsOf(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).imports ?? {};
  } catch {
    return {};
  }
}

/** @param {string} specifier @param {Record<string, unknown>} map @param {string} root @returns {string | null} null: of a package */
function targetOf(specifier, map, root) {
  if (!specifier.startsWith('#')) return null;
  const exact = pathOf(map[specifier]);
  if (exact !== null) return resolve(root, exact);
  for (const [pattern, conditions] of Object.entries(map)) {
    const [before, after] = pattern.split('*');
    if (after === undefined) continue;
    const target = specifier.startsWith(before) && specifier.endsWith(after) ? pathOf(conditions) : null;
    if (target !== null) return resolve(root, target.replaceAll('*', specifier.slice(before.length, specifier.length - after.length)));
  }
  return null;
}

/** @param {unknown} conditions @returns {string | null} */
function pathOf(conditions) {
  const target =
    typeof conditions === 'object' && conditions !== null ? /** @type {Record<string, unknown>} */ (conditions).default : conditions;
  return typeof target === 'string' && target.startsWith('.') ? target : null;
}
