import { install } from '../install/install.mjs';
import { plainly } from '../process/plain-error.mjs';
import { build, FLEET } from './build.mjs';

/** Builds all parts of dist/, even parts that have not changed. */
export async function main() {
  const startedAt = Date.now();
  const log = (/** @type {string} */ line) => console.log(line);
  await install({ log });
  const { built } = await plainly(build({ force: true, parts: FLEET, log }));
  console.log(`built ${built.join(', ')} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}
