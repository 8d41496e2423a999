import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DIST, ROOT } from '../process/paths.mjs';

const FROM = join(ROOT, 'node_modules');
const TO = join(DIST, 'node_modules');
const CHUNKS = '.chunks';

/** ES module packages with many files that a server loads. */
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
/** CommonJS packages. The build loads them, because it must know the names of their exports. */
const COMMON_JS = ['express', 'ioredis', 'pino-pretty', 'prom-client', 'reflect-metadata'];
/** Packages that stay in node_modules. They find their own files, such as pages and native code, by their location. */
const LEFT_ALONE = ['swagger-ui-dist', 'pino'];

const ENTRY = '\0entry:';

/**
 * Bundles the dependencies of servers from 1,400 files into a few. A server spends most of its start on reading files. A faster start means
 * a shorter pause for players after a restart. Node finds a package in dist/node_modules before the one beside dist, so no import has to
 * change. Tests beside the sources use the packages as npm installed them.
 *
 * Packages that depend on each other are bundled together, because two copies of one class would be two injection tokens.
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
    // Uses the ES modules of rxjs. For Node, rxjs exports its CommonJS copy, which is 50 % larger.
    resolve: { alias: { rxjs$: join(FROM, 'rxjs/dist/esm/index.js'), 'rxjs/operators$': join(FROM, 'rxjs/dist/esm/operators/index.js') } },
    external: (id) => isPackage(id) && (LEFT_ALONE.includes(packageOf(id)) || !existsSync(join(FROM, packageOf(id)))),
    // Disables tree shaking, because it would remove code that patches global objects.
    treeshake: false,
    plugins: [
      {
        name: 'entries',
        resolveId: (id) => (id.startsWith(ENTRY) ? id : null),
        load: (id) => entries.get(id.slice(ENTRY.length)) ?? null,
      },
      {
        // Normally, the bundler runs a CommonJS package after the other imports of the importing file. But the decorators of Nest need
        // `reflect-metadata` to run first. So the bundler gets this package, which is a plain script, as an ES module. ES modules run in
        // the order of the imports.
        name: 'reflect-metadata first',
        load: async (id) => (id.endsWith('/reflect-metadata/Reflect.js') ? `${await readFile(id, 'utf8')}\nexport default {};` : null),
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

/**
 * @param {string} name the name of a CommonJS package
 * @returns {Promise<string>} the source of a module with the same exports as `import` of the package
 */
async function namesOf(name) {
  const names = Object.keys(await import(name)).filter((key) => key !== 'default' && key !== 'module.exports');
  // The names are exported under aliases, because some of them, such as `static`, are not allowed as names of variables.
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
