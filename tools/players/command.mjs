import { callOf } from '../command/names.mjs';
import { runCompiled } from '../command/run-compiled.mjs';
import { RUNNING_FILE } from '../start/fleet-folder.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/players/src/main.js', argv, { call: callOf('players'), runningFile: RUNNING_FILE });
}
