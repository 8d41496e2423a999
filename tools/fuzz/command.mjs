import { runCompiled } from '../command/run-compiled.mjs';
import { startRedis } from '../redis/index.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/fuzz/src/main.js', argv, { startRedis });
}
