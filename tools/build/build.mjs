import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { withLock } from '../process/lock-file.mjs';
import { DIST, HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { assertDataFolder, assertWritable } from '../process/writable.mjs';
import { bundleDependencies } from './dependencies.mjs';
import { IncrementalCompiler } from './incremental-compiler.mjs';
import { put } from './put.mjs';

const run = promisify(execFile);

/**
 * Builds dist/ from the sources. Compiles TypeScript with swc, packages with rolldown and pages with vite, and copies each Lua script
 * beside its compiled caller. Builds only the parts that have changed since the last build. Removes outputs whose source no longer exists.
 * When two commands build at the same time, the second waits for the first.
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
    const stamp = stampOf(part);
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

/** Folders with TypeScript that the build compiles to the same path in dist/. */
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
    const outputs = (await Promise.all(files.map(translate))).flat();
    await Promise.all(outputs.map(({ file, content }) => put(file, content)));
    await removeOthers(new Set(outputs.map(({ file }) => file)));
  },
};

/**
 * Returns a compiler that rebuilds the servers after edits. Call `build` first.
 *
 * @returns {Promise<IncrementalCompiler>}
 */
export async function serverCompiler() {
  const compiler = new IncrementalCompiler({ sources: SERVERS.sources, outputsOf, translate });
  await compiler.adopt();
  return compiler;
}

/**
 * Runs `work`, which changes the compiled servers. Until it ends, builds of other commands wait. The next `build` compiles all servers
 * again.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function changeServers(work) {
  return withLock(join(HOLDFAST_DIR, 'build.lock'), async () => {
    await rm(stampOf(SERVERS), { force: true });
    return work();
  });
}

/** @type {Part} */
const DEPENDENCIES = {
  name: 'dependencies',
  settings: [join(ROOT, 'package-lock.json')],
  sources: async () => [join(ROOT, 'tools/build/dependencies.mjs')],
  build: bundleDependencies,
};

/** @type {Part} */
export const DASHBOARD = page('dashboard', 'dashboard', []);

/** @type {Part[]} */
export const PAGES = [
  page('page', 'apps/gateway/page', ['games', 'libs/client', 'libs/game-page', 'libs/protocol', 'libs/room']),
  DASHBOARD,
];

/**
 * Returns the part of the build that builds one page with vite, if the folder of the page exists.
 *
 * @param {string} name @param {string} folder @param {string[]} imports folders from which the page imports code
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
      // NODE_ENV=test, which Jest sets, would put the development build of React into the page. So vite runs in a process with its own
      // NODE_ENV.
      const args = ['build', root, '--base', './', '--logLevel', 'error', '--outDir', join(DIST, name), '--emptyOutDir'];
      await run(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), ...args], {
        env: { ...process.env, NODE_ENV: 'production' },
      });
    },
  };
}

/** The parts that a fleet needs. `npm run build` builds exactly these parts. */
export const FLEET = [SERVERS, DEPENDENCIES, ...PAGES];

/** @param {Part} part */
function stampOf(part) {
  return join(DIST, `.${part.name}.built`);
}

/** @param {string} file */
function isServerCode(file) {
  const path = relative(ROOT, file).split(sep);
  if (path.includes('page') || path.includes('game-page')) return false;
  // Excludes `tools/testing`, because servers do not import it. Only tests and its own package use it.
  if (path[0] === 'tools' && path[1] === 'testing') return false;
  return (file.endsWith('.ts') && !/\.(spec|fixture|d)\.ts$/.test(file)) || file.endsWith('.lua');
}

/** @param {string} file @returns {Promise<import('./incremental-compiler.mjs').Output[]>} */
async function translate(file) {
  const output = outputOf(file);
  return file.endsWith('.ts') ? compile(file, output) : [{ file: output, content: await readFile(file) }];
}

/** @param {string} file @param {string} output @returns {Promise<import('./incremental-compiler.mjs').Output[]>} */
async function compile(file, output) {
  const { transformFile } = await import('@swc/core');
  const { code, map } = await transformFile(file, {
    cwd: ROOT,
    root: ROOT,
    filename: file,
    sourceFileName: relative(dirname(output), file),
    sourceMaps: true,
  }).catch((error) => {
    // Removes the stack that swc appends to the error, because only the text before the stack describes the source file.
    throw new PlainError(stripVTControlCharacters(String(error.message)).split(/\n+Caused by:/)[0]);
  });
  return [
    { file: output, content: `${code}//# sourceMappingURL=${basename(output)}.map\n` },
    { file: `${output}.map`, content: map ?? '{}' },
  ];
}

/** @param {string} file @returns {string[]} */
function outputsOf(file) {
  const output = outputOf(file);
  return file.endsWith('.ts') ? [output, `${output}.map`] : [output];
}

/** @param {string} file the file that servers load for this source */
function outputOf(file) {
  return join(DIST, relative(ROOT, file)).replace(/\.ts$/, '.js');
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
