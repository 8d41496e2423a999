import { UsageError } from '../../../tools/process/plain-error.mjs';
import { completionScript, SHELLS } from './completion.mjs';

/** @param {string[]} argv the shell */
export function main([shell, ...more]) {
  if (!SHELLS.includes(shell) || more.length > 0) throw new UsageError(`Name a shell: holdfast completion ${SHELLS.join(' or ')}.`);
  process.stdout.write(completionScript(shell));
}
