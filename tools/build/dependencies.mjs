import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DIST, ROOT } from '../process/paths.mjs';

const FROM = join(ROOT, 'node_modules');
const TO = join(DIST, 'node_modules');
const CHUNKS = '.chunks';

/** ES modules that a server loads a hundred files of. */
const MODULES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/schedule',
  '@nestjs/swagger',
  'jose',
  'rxjs',
  'zod',
];
/** The same in CommonJS, whose names only running it tells. */
const COMMON_JS = ['express', 'ioredis', 'pino-pretty', 'prom-client', 'reflect-metadata'];
/** These find files of their own by where they stand (pages, native parts), so they stay where npm has put them. */
const LEFT_ALONE = ['swagger-ui-dist', 'pino'];

const ENTRY = '\0entry:';

/**
 * What servers depend on, as a few files instead of fourteen hundred: reading those is most of what a start costs, and a
 * server that comes back sooner is a shorter pause. Node finds a package in dist/node_modules before the one beside dist,
 * so no import says which of the two it means, and tests beside the code run with the packages as npm has put them.
 *
 * All packages that know each other are bundled in one go: two copies of one class would be two injection tokens.
 */
export async function bundleDependencies() {
  const { rolldown } = await import('rolldown');
  const entries = new Map([
    ...MODULES.map((name) => /** @type {const} */ ([name, `export * from '${name}';`])),
    ...(await Promise.all(COMMON_JS.map(async (name) => /** @type {const} */ ([name, await namesOf(name)])))),
  ]);
  const draft = `${TO}.draft`;
  await rm(draft, { recursive: true, force: true });
  const bundle = await rolldown({
    input: Object.fromEntries([...entries.keys()].map((name) => [`${name}/index`, ENTRY + name])),
    platform: 'node',
    // The CommonJS copy, which its exports name for Node, is half as large again.
    resolve: { alias: { rxjs$: join(FROM, 'rxjs/dist/esm/index.js'), 'rxjs/operators$': join(FROM, 'rxjs/dist/esm/operators/index.js') } },
    external: (id) => isPackage(id) && (LEFT_ALONE.includes(packageOf(id)) || !existsSync(join(FROM, packageOf(id)))),
    // What it would find unused are patches of globals.
    treeshake: false,
    plugins: [
      {
        name: 'entries',
        resolveId: (id) => (id.startsWith(ENTRY) ? id : null),
        load: (id) => entries.get(id.slice(ENTRY.length)) ?? null,
      },
    ],
    onLog: () => {},
  });
  await bundle.write({ dir: draft, format: 'esm', entryFileNames: '[name].js', chunkFileNames: `${CHUNKS}/[name]-[hash].js` });
  await Promise.all([...entries.keys()].map((name) => describe(name, draft)));
  await put(join(draft, CHUNKS, 'package.json'), JSON.stringify({ type: 'module' }));
  await rm(TO, { recursive: true, force: true });
  await rename(draft, TO);
}

/** @param {string} id */
const isPackage = (id) => !/^[./\0]|^node:/.test(id);

/** @param {string} id */
const packageOf = (id) => id.split('/', id.startsWith('@') ? 2 : 1).join('/');

/** @param {string} name of a CommonJS package @returns {Promise<string>} a module that exports what `import` of it would give */
async function namesOf(name) {
  const names = Object.keys(await import(name)).filter((key) => key !== 'default' && key !== 'module.exports');
  // By another name first: `static` is one that may be exported, not declared.
  const exported = names.map((key, index) => `const v${index} = all.${key};\nexport { v${index} as ${key} };`);
  return [`import all from '${name}';`, 'export default all;', ...exported].join('\n');
}

/** @param {string} name @param {string} folder */
async function describe(name, folder) {
  const { version } = JSON.parse(await readFile(join(FROM, name, 'package.json'), 'utf8'));
  await put(join(folder, name, 'package.json'), JSON.stringify({ name, version, type: 'module', exports: './index.js' }));
}

/** @param {string} file @param {string} content */
async function put(file, content) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
