import { readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * Returns the translator for a project without a tsconfig. The folders of such a project contain JavaScript, or another program compiles
 * them. So this translator compiles nothing, and an update only reports the changed files.
 *
 * @param {readonly string[]} folders
 * @returns {import('../build/incremental-compiler.mjs').Translator}
 */
export function folderTranslator(folders) {
  return {
    sources: async () => (await Promise.all(folders.map(filesUnder))).flat(),
    outputsOf: () => [],
    translate: null,
  };
}

/** @param {string} folder @returns {Promise<string[]>} */
export async function filesUnder(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes(`${sep}node_modules${sep}`))
    .sort();
}
