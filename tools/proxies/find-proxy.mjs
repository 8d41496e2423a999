import { findDebianProgram } from '../process/debian-program.mjs';

/**
 * Finds a proxy for tests and benchmarks: on the PATH, or in Debian's package (about 2 MB). HOLDFAST_NO_NGINX=1 and
 * HOLDFAST_NO_HAPROXY=1 forbid the download.
 *
 * @param {'nginx' | 'haproxy'} name The program and its package have this name
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findProxy(name, env = process.env) {
  return findDebianProgram({ package: name }, env);
}
