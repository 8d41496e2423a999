import { relative } from 'node:path';
import { install } from '../install/install.mjs';
import { ROOT } from '../process/paths.mjs';
import { plainly, UsageError } from '../process/plain-error.mjs';
import { buildPackages } from './build-packages.mjs';
import { folderOf, packageNames } from './manifests.mjs';

/** @param {string[]} argv names of folders in packages/; none: all of them */
export async function main(argv) {
  const startedAt = Date.now();
  const all = await packageNames();
  const unknown = argv.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new UsageError(`${unknown.join(', ')}: not a package. The packages are ${all.join(', ')}.`);
  const log = (/** @type {string} */ line) => console.log(line);
  await install({ log });
  const names = argv.length > 0 ? argv : all;
  await plainly(buildPackages({ names, log }));
  for (const name of names) console.log(relative(ROOT, folderOf(name)));
  console.log(`${names.length === 1 ? 'the package is' : 'all packages are'} built (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
}
