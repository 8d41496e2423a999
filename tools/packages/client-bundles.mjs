import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildPackages } from './build-packages.mjs';
import { folderOf } from './manifests.mjs';

// `node tools/packages/client-bundles.mjs FOLDER [PACKAGE]`: builds the client, installs it in FOLDER as the package `@holdfast/client`,
// and bundles a program that imports PACKAGE for browsers, with each bundler. PACKAGE is `@holdfast/client` (the default) or one of its
// entries `/compact`, `/realtime`, `/chat`, `/lobby` and `/node`. Prints one `Bundle` per line as JSON. The programs of the bundles set
// `globalThis.holdfastClient`.
const [folder, name = '@holdfast/client'] = process.argv.slice(2);
if (folder === undefined) throw new Error('Give the folder for the bundles.');

/**
 * @typedef {object} Bundle
 * @property {string} bundler
 * @property {string} file the minified bundle
 * @property {number} gzippedBytes
 * @property {string[]} problems errors and warnings of the bundler, and modules that the bundle still imports
 */

/** @typedef {{ code: string, problems: string[] }} Output */

await buildPackages({ names: ['client'] });
const installed = join(folder, 'node_modules/@holdfast/client');
await mkdir(installed, { recursive: true });
await cp(folderOf('client'), installed, { recursive: true });
const entry = join(folder, 'program.js');
/** For each entry besides the main one: the names that the program imports from it, and whether the program reads compact syncs. */
const ADDED = {
  compact: { names: '', isCompact: true },
  realtime: { names: 'interpolate, predict', isCompact: true },
  chat: { names: 'openChat', isCompact: false },
  lobby: { names: 'followRooms, roomControls', isCompact: false },
};
const added = ADDED[/** @type {keyof typeof ADDED} */ (name.replace('@holdfast/client/', ''))];
await writeFile(
  entry,
  `import { connect, HoldfastError } from '${added ? '@holdfast/client' : name}';
${added?.isCompact ? "import { compact } from '@holdfast/client/compact';" : 'const compact = null;'}
${added?.names ? `import { ${added.names} } from '${name}';` : ''}
globalThis.holdfastClient = {
  connect: (url, options) => connect(url, { ...options, compact }), HoldfastError, ${added?.names ?? ''}
};
`,
);

/** @type {Readonly<Record<string, () => Promise<Output>>>} */
const BUNDLERS = { esbuild: withEsbuild, rolldown: withRolldown, vite: withVite, webpack: withWebpack };
/**
 * Matches code that refers to a module outside of the bundle, because the bundler did not find it or expects the platform to provide it.
 */
const LEFT_OUT = /\bnode:[a-z]+|\brequire\(|\bfrom ?"[^"]*"|__vite-browser-external[\w:.-]*|webpackMissingModule/g;

for (const [bundler, bundle] of Object.entries(BUNDLERS)) {
  const { code, problems } = await bundle().catch((/** @type {unknown} */ error) => ({ code: '', problems: [String(error)] }));
  const file = join(folder, `${bundler}.js`);
  await writeFile(file, code);
  /** @type {Bundle} */
  const result = { bundler, file, gzippedBytes: gzipSync(code).length, problems: [...problems, ...(code.match(LEFT_OUT) ?? [])] };
  console.log(JSON.stringify(result));
}

/** @returns {Promise<Output>} */
async function withEsbuild() {
  const esbuild = await import('esbuild');
  const { outputFiles, warnings } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    write: false,
    logLevel: 'silent',
  });
  return { code: outputFiles.map(({ text }) => text).join('\n'), problems: warnings.map(({ text }) => text) };
}

/** @returns {Promise<Output>} */
async function withRolldown() {
  const { rolldown } = await import('rolldown');
  /** @type {string[]} */
  const problems = [];
  const bundle = await rolldown({ input: entry, platform: 'browser', onLog: (_level, { message }) => problems.push(message) });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  return { code: output.map((part) => (part.type === 'chunk' ? part.code : '')).join('\n'), problems };
}

/** @returns {Promise<Output>} */
async function withVite() {
  const vite = await import('vite');
  /** @type {string[]} */
  const problems = [];
  const note = (/** @type {string} */ text) => void problems.push(text);
  const silent = vite.createLogger('silent');
  const result = await vite.build({
    root: folder,
    configFile: false,
    logLevel: 'warn',
    customLogger: { ...silent, warn: note, warnOnce: note, error: note },
    build: { write: false, rolldownOptions: { input: entry, output: { format: 'iife' } } },
  });
  const outputs = [result].flat().flatMap((each) => ('output' in each ? each.output : []));
  return { code: outputs.map((part) => (part.type === 'chunk' ? part.code : '')).join('\n'), problems };
}

/** @returns {Promise<Output>} */
async function withWebpack() {
  const { default: webpack } = await import('webpack');
  const path = join(String(folder), 'webpack');
  const stats = await new Promise((done, failed) =>
    webpack({ mode: 'production', target: 'web', context: folder, entry, output: { path, filename: 'program.js' } }, (error, result) =>
      error ? failed(error) : done(result),
    ),
  );
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  const problems = [...errors, ...warnings].map(({ message }) => message);
  return { code: await readFile(join(path, 'program.js'), 'utf8').catch(() => ''), problems };
}
