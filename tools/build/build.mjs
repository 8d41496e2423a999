import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { withLock } from '../process/lock-file.mjs';
import { DIST, HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { assertDataFolder, assertWritable } from '../process/writable.mjs';
import { bundleDependencies } from './dependencies.mjs';

/**
 * Builds dist/ from the sources: TypeScript with swc, Lua as a copy beside its compiled caller, packages with rolldown, pages with
 * vite. It builds only what has changed since the last build, by content, and removes what no longer has a
 * source. Two commands that build at the same time do so one after the other.
 *
 * @param {{ force?: boolean, log?: (line: string) => void, parts?: readonly Part[] }} [options] `parts`: the parts to build; by default
 *   those that a fleet needs
 * @returns {Promise<{ built: string[] }>} the parts that were rebuilt
 */
export async function build({ force = false, log = () => {}, parts = FLEET } = {}) {
  /** @type {string[]} */
  const built = [];
  for (const part of parts) {
    const files = await part.sources();
    if (files.length === 0) continue;
    const stamp = join(DIST, `.${part.name}.built`);
    const hash = await contentHash([...files, ...part.settings]);
    const isBuilt = async () => (await readFile(stamp, 'utf8').catch(() => '')) === hash;
    if (!force && (await isBuilt())) continue;
    assertDataFolder();
    assertWritable(DIST, 'clone the repository into a folder that this user can write');
    await withLock(join(HOLDFAST_DIR, 'build.lock'), async () => {
      if (!force && (await isBuilt())) return;
      log(`building ${part.name} …`);
      await rm(stamp, { force: true });
      await part.build(files);
      await writeFile(stamp, hash);
      built.push(part.name);
    });
  }
  return { built };
}

/** Folders whose TypeScript is compiled to dist/<the same path>. */
const CODE = ['apps', 'libs', 'games', 'tools', 'bench'];

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string[]} settings files besides the sources that influence the output
 * @property {() => Promise<string[]>} sources an empty list: there is nothing to build
 * @property {(files: string[]) => Promise<void>} build
 */

/** @type {Part} */
export const SERVERS = {
  name: 'servers',
  settings: [join(ROOT, '.swcrc'), join(ROOT, 'package-lock.json')],
  sources: async () => (await Promise.all(CODE.map((folder) => filesUnder(join(ROOT, folder))))).flat().filter(isServerCode),
  build: async (files) => {
    const outputs = (await Promise.all(files.map((file) => (file.endsWith('.ts') ? compile(file) : copy(file))))).flat();
    await removeOthers(new Set(outputs));
  },
};

/** @type {Part} */
const DEPENDENCIES = {
  name: 'dependencies',
  settings: [join(ROOT, 'package-lock.json')],
  sources: async () => [join(ROOT, 'tools/build/dependencies.mjs')],
  build: bundleDependencies,
};

/** @type {Part[]} */
const PAGES = [
  page('page', 'apps/gateway/page', ['games', 'libs/client', 'libs/game-page', 'libs/protocol', 'libs/room']),
  {
    name: 'dashboard',
    settings: [],
    sources: () => filesUnder(join(ROOT, 'dashboard')),
    build: async (files) => {
      await rm(join(DIST, 'dashboard'), { recursive: true, force: true });
      await Promise.all(files.map(copy));
    },
  },
];

/**
 * Returns a part for a page that vite builds, if the folder of the page exists.
 *
 * @param {string} name @param {string} folder @param {string[]} imports folders from which it imports code
 * @returns {Part}
 */
function page(name, folder, imports) {
  const root = join(ROOT, folder);
  return {
    name,
    settings: [join(ROOT, 'package-lock.json')],
    sources: async () =>
      existsSync(join(root, 'index.html'))
        ? (await Promise.all([root, ...imports.map((path) => join(ROOT, path))].map(filesUnder))).flat()
        : [],
    build: async () => {
      const vite = await import('vite');
      await vite.build({ root, base: './', logLevel: 'error', build: { outDir: join(DIST, name), emptyOutDir: true } });
    },
  };
}

/** The parts that a fleet needs: all of `npm run build`. */
export const FLEET = [SERVERS, DEPENDENCIES, ...PAGES];

/** @param {string} file */
function isServerCode(file) {
  const path = relative(ROOT, file).split(sep);
  if (path.includes('page') || path.includes('game-page')) return false;
  return (file.endsWith('.ts') && !/\.(spec|fixture|d)\.ts$/.test(file)) || file.endsWith('.lua');
}

/** @param {string} file @returns {Promise<string[]>} */
async function compile(file) {
  const { transformFile } = await import('@swc/core');
  const output = outputOf(file).replace(/\.ts$/, '.js');
  const { code, map } = await transformFile(file, {
    cwd: ROOT,
    root: ROOT,
    filename: file,
    sourceFileName: relative(dirname(output), file),
    sourceMaps: true,
  }).catch((error) => {
    // swc appends its own stack to the error. Only the first part is about the source file.
    throw new PlainError(stripVTControlCharacters(String(error.message)).split(/\n+Caused by:/)[0]);
  });
  await put(output, `${code}//# sourceMappingURL=${basename(output)}.map\n`);
  await put(`${output}.map`, map ?? '{}');
  return [output, `${output}.map`];
}

/** @param {string} file @returns {Promise<string[]>} */
async function copy(file) {
  const output = outputOf(file);
  await put(output, await readFile(file));
  return [output];
}

/** @param {string} file */
function outputOf(file) {
  return join(DIST, relative(ROOT, file));
}

/**
 * Writes a file atomically, so that a server that starts meanwhile never reads half of it.
 *
 * @param {string} file
 * @param {string | Buffer} content
 */
async function put(file, content) {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID().slice(0, 8)}`;
  await writeFile(draft, content);
  await rename(draft, file);
}

/** @param {ReadonlySet<string>} outputs */
async function removeOthers(outputs) {
  for (const folder of CODE) {
    for (const file of await filesUnder(join(DIST, folder))) if (!outputs.has(file)) await rm(file, { force: true });
  }
}

/** @param {string} folder @returns {Promise<string[]>} sorted; empty when the folder does not exist */
export async function filesUnder(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes(`${sep}node_modules${sep}`))
    .sort();
}

/** @param {string[]} files */
async function contentHash(files) {
  const hash = createHash('sha256').update(process.version);
  for (const file of files)
    hash
      .update(relative(ROOT, file))
      .update('\0')
      .update(await readFile(file).catch(() => ''))
      .update('\0');
  return hash.digest('hex');
}
