import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { plainly } from '../process/plain-error.mjs';

/**
 * Installs and builds what is stale, runs the compiled tool, and exits with its result.
 *
 * @param {string} path in dist/ @param {string[]} argv
 * @param {object} [workshop] functions that start processes: they are outside dist/, so the tool cannot import them
 */
export async function runCompiled(path, argv, workshop) {
  const log = (/** @type {string} */ line) => console.error(line);
  await install({ log });
  await plainly(build({ log }));
  const { main } = await import(new URL(`../../dist/${path}`, import.meta.url).href);
  process.exitCode = await main(argv, workshop);
  // Open sockets must not keep the process alive after a finished run.
  process.exit();
}
