import { install } from '../install/install.mjs';
import { runPackage } from './run-package.mjs';

/** @param {string[]} paths without any: the whole repository */
export async function main(paths) {
  await install({ log: (line) => console.error(line) });
  process.exitCode = await runPackage('biome', ['check', '--write', ...(paths.length > 0 ? paths : ['.'])]);
}
