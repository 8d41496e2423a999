import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../process/paths.mjs';

/**
 * Runs the program of an installed package. The program writes to the output of this process.
 *
 * @param {string} name in node_modules/.bin @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runPackage(name, args) {
  const child = spawn(join(ROOT, 'node_modules/.bin', name), args, { cwd: ROOT, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
