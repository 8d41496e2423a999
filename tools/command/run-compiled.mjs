import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process/paths.mjs';
import { plainly } from '../process/plain-error.mjs';
import { endWithReader } from './reader.mjs';

/**
 * Runs a compiled tool, and exits with its exit code. In the repository, first installs outdated packages and builds outdated parts of
 * dist/. An image and an installed package have only the compiled tool.
 *
 * @param {string} path the compiled file, relative to dist/
 * @param {string[]} argv
 * @param {object} [context] facts and functions from outside of dist/, which the tool cannot import
 */
export async function runCompiled(path, argv, context) {
  endWithReader();
  const { main } = await import(pathToFileURL(await compiled(path)).href);
  process.exitCode = await main(argv, context);
  // Exits explicitly, because open sockets would keep the process running.
  process.exit();
}

/**
 * Returns the path of the compiled tool. In the repository, builds it first.
 *
 * @param {string} path @returns {Promise<string>}
 */
export async function compiled(path) {
  if (existsSync(join(ROOT, 'libs'))) {
    const [{ install }, { build }] = await Promise.all([import('../install/install.mjs'), import('../build/build.mjs')]);
    const log = (/** @type {string} */ line) => console.error(line);
    await install({ log });
    await plainly(build({ log }));
  }
  // In an installed package, the compiled files are where the repository has the sources.
  return [join(ROOT, 'dist', path), join(ROOT, path)].find((file) => existsSync(file)) ?? join(ROOT, 'dist', path);
}
