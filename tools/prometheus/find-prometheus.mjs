import { findDebianProgram } from '../process/debian-program.mjs';

/**
 * Finds a program of Prometheus for tests: on the PATH, or in Debian's package (about 60 MB). HOLDFAST_NO_PROMETHEUS=1 forbids the
 * download.
 *
 * @param {'prometheus' | 'promtool'} command
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findPrometheus(command, env = process.env) {
  return findDebianProgram({ package: 'prometheus', command, folder: 'usr/bin' }, env);
}
