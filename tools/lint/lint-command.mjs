import { install } from '../install/install.mjs';
import { runPackage } from './run-package.mjs';

const CHECKS = /** @type {const} */ ([
  ['biome', 'check', '.'],
  ['tsc'],
  ['tsc', '-p', 'tsconfig.sources.json'],
  ['jest', '--selectProjects', 'unit', '--testPathPatterns', 'tools/(layers|prose)'],
]);

/** Runs the checks one after the other, until one fails. */
export async function main() {
  await install({ log: (line) => console.error(line) });
  for (const [name, ...args] of CHECKS) {
    process.exitCode = await runPackage(name, args);
    if (process.exitCode !== 0) return;
  }
}
