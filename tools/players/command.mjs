import { runCompiled } from '../command/run-compiled.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/players/src/main.js', argv);
}
