import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { filesUnder } from '../build/build.mjs';
import { DIST, ROOT } from '../process/paths.mjs';
import { mapBeside, withBorrowed } from './libraries.mjs';

/** @param {readonly string[]} paths folders and files, relative to the repository @returns {Promise<string[]>} the sources that are shipped */
export async function treeSources(paths) {
  const files = await Promise.all(
    paths.map(async (path) => {
      const inside = await filesUnder(join(ROOT, path));
      return inside.length > 0 ? inside : [join(ROOT, path)];
    }),
  );
  return files.flat().filter((file) => /\.(ts|mjs|txt)$/.test(file) && !/\.(spec|fixture)\.ts$/.test(file) && !file.includes('/fixtures/'));
}

/**
 * Writes parts of this repository into a package, at the same paths. Compiles TypeScript and copies all other files.
 *
 * @param {string} folder the package
 * @param {readonly string[]} paths
 * @param {Readonly<Record<string, string>>} borrowed libraries that another package ships, each with the entry that has it
 */
export async function writeTree(folder, paths, borrowed) {
  for (const source of await treeSources(paths)) {
    const path = relative(ROOT, source);
    if (!path.endsWith('.ts')) {
      await put(join(folder, path), await readFile(source, 'utf8'));
      continue;
    }
    const compiled = path.replace(/\.ts$/, '.js');
    await put(join(folder, compiled), withBorrowed(await readFile(join(DIST, compiled), 'utf8'), borrowed));
    await put(join(folder, `${compiled}.map`), mapBeside(basename(path), await readFile(join(DIST, `${compiled}.map`), 'utf8')));
  }
}

/** @param {string} file @param {string} content */
async function put(file, content) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
