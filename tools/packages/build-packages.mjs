import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, DASHBOARD, filesUnder, SERVERS } from '../build/build.mjs';
import { ROOT } from '../process/paths.mjs';
import { writeBundle } from './bundle.mjs';
import { DECLARATIONS } from './declarations.mjs';
import { librarySources, writeLibraries } from './libraries.mjs';
import { builtManifest, folderOf, packageNames, rootManifest, SOURCES, sourceManifest } from './manifests.mjs';
import { treeSources, writeTree } from './tree.mjs';

/** Files of the repository that the build copies into every package. */
const COMMON = ['LICENSE', 'CHANGELOG.md'];
/** Files in the folder of a package that the build does not copy. */
const NOT_COPIED = ['package.json', 'src', 'node_modules'];

/**
 * Builds packages into dist/packages/. Skips each package that has not changed since its last build.
 *
 * @param {{ names?: readonly string[], log?: (line: string) => void }} [options] `names`: folders in packages/; by default all of them
 */
export async function buildPackages({ names, log = () => {} } = {}) {
  const wanted = names ?? (await packageNames());
  const manifests = await Promise.all(wanted.map(sourceManifest));
  const shipsLibraries = manifests.some(({ holdfast }) => holdfast?.libraries);
  const shipsCode = shipsLibraries || manifests.some(({ holdfast }) => holdfast?.tree);
  const shipsDashboard = manifests.some(({ holdfast }) => holdfast?.files?.dashboard);
  const parts = await Promise.all(wanted.map(packagePart));
  await build({
    parts: [...(shipsCode ? [SERVERS] : []), ...(shipsDashboard ? [DASHBOARD] : []), ...(shipsLibraries ? [DECLARATIONS] : []), ...parts],
    log,
  });
}

/**
 * @param {string} name
 * @returns {Promise<import('../build/build.mjs').Part>}
 */
async function packagePart(name) {
  const manifest = await sourceManifest(name);
  const { bundle, libraries = [], tree = [], borrowed = {}, files = {} } = manifest.holdfast ?? {};
  const folder = folderOf(name);
  return {
    name: `package-${name}`,
    settings: ['package.json', 'package-lock.json', 'tsconfig.json', ...COMMON].map((file) => join(ROOT, file)),
    sources: async () =>
      [
        await filesUnder(join(SOURCES, name)),
        await filesUnder(join(ROOT, 'tools/packages')),
        ...(bundle ? await Promise.all(['libs', 'packages', 'tools'].map((path) => filesUnder(join(ROOT, path)))) : []),
        await librarySources(libraries),
        await treeSources(tree),
        ...(await Promise.all(Object.values(files).map(filesAt))),
      ].flat(),
    build: async () => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      if (bundle) await writeBundle(folder, bundle, manifest, borrowed);
      await writeLibraries(folder, libraries, borrowed);
      await writeTree(folder, tree, borrowed);
      for (const [to, from] of Object.entries(files)) await copy(join(ROOT, from), join(folder, to));
      for (const file of COMMON) await copy(join(ROOT, file), join(folder, file));
      for (const file of await readdir(join(SOURCES, name)))
        if (!NOT_COPIED.includes(file)) await copy(join(SOURCES, name, file), join(folder, file));
      await writeFile(join(folder, 'package.json'), `${JSON.stringify(builtManifest(manifest, await rootManifest()), null, 2)}\n`);
    },
  };
}

/** @param {string} path relative to the repository: a file or a folder */
async function filesAt(path) {
  const file = join(ROOT, path);
  const inside = await filesUnder(file);
  return inside.length > 0 ? inside : [file];
}

/** @param {string} from @param {string} to */
async function copy(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true });
}
