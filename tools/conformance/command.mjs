import { callOf } from '../command/names.mjs';
import { runCompiled } from '../command/run-compiled.mjs';
import { ROOT } from '../process/paths.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/conformance/src/main.js', argv, { call: callOf('conformance'), root: ROOT });
}
