import { join } from 'node:path';
import { ROOT } from '../process/paths.mjs';

/**
 * Bundles the entries of a package, their imports from this repository, and their declarations. Does not bundle dependencies. Code that
 * several entries use is in a shared file, so that a class exists only once. A project can use the bundle without the export conditions of
 * this repository.
 *
 * @param {string} folder the package
 * @param {NonNullable<import('./manifests.mjs').Contents['bundle']>} bundle
 * @param {import('./manifests.mjs').Manifest} manifest
 * @param {Readonly<Record<string, string>>} borrowed libraries that another package ships, each with the entry that has it
 */
export async function writeBundle(folder, { platform, entries }, { dependencies = {}, peerDependencies = {} }, borrowed) {
  const [{ rolldown }, { dts }] = await Promise.all([import('rolldown'), import('rolldown-plugin-dts')]);
  const external = Object.keys({ ...dependencies, ...peerDependencies });
  const bundle = await rolldown({
    cwd: ROOT,
    input: Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(ROOT, source)])),
    platform,
    resolve: { conditionNames: ['holdfast-source', ...(platform === 'node' ? ['node', 'import', 'default'] : [])] },
    transform: { target: 'es2022' },
    checks: { pluginTimings: false },
    external: (id) => id.startsWith('node:') || external.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [borrowing(borrowed), dts({ cwd: ROOT, tsconfig: join(ROOT, 'tsconfig.json') })],
  });
  await bundle.write({ dir: folder, format: 'esm', sourcemap: true, chunkFileNames: 'shared-[hash].js' });
  await bundle.close();
}

/**
 * Lets a bundle import libraries from the packages that ship them.
 *
 * @param {Readonly<Record<string, string>>} borrowed
 * @returns {import('rolldown').Plugin}
 */
function borrowing(borrowed) {
  return {
    name: 'borrowed-libraries',
    resolveId(id) {
      const entry = id.startsWith('#libs/') ? borrowed[id.slice('#libs/'.length)] : undefined;
      return entry === undefined ? null : { id: entry, external: true };
    },
  };
}
