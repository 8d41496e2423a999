import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { filesUnder } from '../build/build.mjs';
import { DIST, ROOT } from '../process/paths.mjs';
import { DECLARATIONS_FOLDER } from './declarations.mjs';

/** @param {readonly string[]} libraries @returns {Promise<string[]>} the sources that are shipped in compiled form */
export async function librarySources(libraries) {
  const files = await Promise.all(libraries.map((name) => filesUnder(join(ROOT, 'libs', name, 'src'))));
  return files.flat().filter((file) => /\.(ts|lua)$/.test(file) && !/\.(spec|fixture)\.ts$/.test(file));
}

/**
 * Writes libraries into a package. For each source, writes the compiled file, its source map and its declarations. Copies scripts. Uses the
 * folders of the repository, so that relative imports stay valid.
 *
 * @param {string} folder the package
 * @param {readonly string[]} libraries
 * @param {Readonly<Record<string, string>>} borrowed libraries that another package ships, each with the entry that has it
 */
export async function writeLibraries(folder, libraries, borrowed) {
  const linked = async (/** @type {string} */ file) => withBorrowed(await readFile(file, 'utf8'), borrowed);
  for (const source of await librarySources(libraries)) {
    const path = relative(ROOT, source);
    if (path.endsWith('.lua')) {
      await put(join(folder, path), await readFile(source));
      continue;
    }
    const compiled = path.replace(/\.ts$/, '.js');
    await put(join(folder, compiled), await linked(join(DIST, compiled)));
    await put(join(folder, `${compiled}.map`), mapBeside(basename(path), await readFile(join(DIST, `${compiled}.map`), 'utf8')));
    const declarations = path.replace(/\.ts$/, '.d.ts');
    await put(join(folder, declarations), await linked(join(DECLARATIONS_FOLDER, declarations)));
  }
}

/**
 * Pure: returns a source map that names its source as a file beside the compiled file. The file need not exist there, because the map
 * contains the source text.
 *
 * @param {string} name
 * @param {string} map
 */
export function mapBeside(name, map) {
  return JSON.stringify({ ...JSON.parse(map), sources: [name] });
}

/**
 * Pure: returns code that imports borrowed libraries from their packages. Does not use the field `imports` of package.json for this,
 * because tools that read only one package report such an entry as an error.
 *
 * @param {string} code
 * @param {Readonly<Record<string, string>>} borrowed
 */
export function withBorrowed(code, borrowed) {
  return code.replace(/(['"])#libs\/([a-z-]+(?:\/[a-z-]+)?)\1/g, (same, quote, library) =>
    library in borrowed ? `${quote}${borrowed[library]}${quote}` : same,
  );
}

/** @param {string} file @param {string | Buffer} content */
async function put(file, content) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
