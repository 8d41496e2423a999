import { callOf } from '../command/names.mjs';
import { runCompiled } from '../command/run-compiled.mjs';
import { RUNNING_FILE } from '../start/fleet-folder.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/fleet/src/main.js', argv, { call: callOf('fleet'), runningFile: RUNNING_FILE });
}
