import { runCompiled } from '../tools/command/run-compiled.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('bench/main.js', argv);
}
