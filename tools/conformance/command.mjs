import { runCompiled } from '../command/run-compiled.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/conformance/src/main.js', argv);
}
