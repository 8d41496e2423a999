import { existsSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { spawnLeashed } from '../process/leashed.mjs';

const ERROR = /error TS\d+:/;
const SUMMARY = /Found (\d+) errors?\. Watching/;

/**
 * Checks the types of a project after each edit, while its fleet runs. The check has a lower priority than the servers, because it needs
 * seconds of CPU time.
 *
 * @param {{ script: string, tsconfig: string }} check the compiler and its configuration
 * @param {string} root
 * @param {{ say: (text: string) => void, warn: (text: string) => void }} report
 * @returns {(() => void) | null} ends it; null when there is no compiler
 */
export function startTypeCheck({ script, tsconfig }, root, { say, warn }) {
  if (!existsSync(script)) return null;
  const args = [script, '--noEmit', '--watch', '--preserveWatchOutput', '--pretty', 'false', '-p', tsconfig];
  const child = spawnLeashed(process.execPath, args, { cwd: root, stdout: 'pipe', stderr: 'pipe' });
  child.once('error', (error) => warn(`types are not checked: ${error.message}`));
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  let hadErrors = true;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (ERROR.test(line)) warn(line);
      const [, count] = SUMMARY.exec(line) ?? [];
      if (count === undefined) return;
      if (count === '0' && hadErrors) say('types are correct');
      hadErrors = count !== '0';
    });
  }
  return () => void child.kill('SIGTERM');
}
