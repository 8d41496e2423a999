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
  const { main } = await importCompiled(path);
  process.exitCode = await main(argv, workshop);
  // Open sockets must not keep the process alive after a finished run.
  process.exit();
}

/**
 * Imports a compiled module. The decorators of Nest need reflect-metadata, and a tool may import a library with decorators first.
 *
 * @param {string} path in dist/
 */
export async function importCompiled(path) {
  const dist = new URL('../../dist/', import.meta.url);
  await import(new URL('node_modules/reflect-metadata/index.js', dist).href);
  return import(new URL(path, dist).href);
}
