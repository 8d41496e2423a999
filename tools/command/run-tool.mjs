import { readFileSync } from 'node:fs';
import { PlainError } from '../process/plain-error.mjs';
import { endWithReader } from './reader.mjs';
import { missingRequirement } from './requirements.mjs';

// This file and its imports use only syntax that Node 14 supports. So an old Node can run them and print a clear message instead of a stack
// trace.

/**
 * Runs a command of package.json. Prints its help without loading anything else, because other files can need packages that are not
 * installed. Refuses a Node or a platform that Holdfast does not support.
 *
 * @param {URL} help the file with the help text
 * @param {() => Promise<{ main(argv: string[]): unknown }>} load imports the command itself
 * @param {string[]} [argv]
 */
export async function runTool(help, load, argv = process.argv.slice(2)) {
  if (isHelpRequested(argv)) {
    endWithReader();
    process.stdout.write(readFileSync(help, 'utf8'));
    return;
  }
  const problem = missingRequirement();
  if (problem !== null) {
    fail(problem);
    return;
  }
  try {
    const { main } = await load();
    await main(withoutSeparator(argv));
  } catch (error) {
    if (error instanceof PlainError) fail(error.message, error.exitCode);
    else throw error;
  }
}

/** @param {readonly string[]} argv */
export function isHelpRequested(argv) {
  return argv.includes('--help') || argv.includes('-h');
}

/**
 * Removes the `--` of a call such as `npm start -- --port 8000`. npm removes it itself, but pnpm and Yarn pass it to the script.
 *
 * @param {readonly string[]} argv
 */
export function withoutSeparator(argv) {
  const at = argv.indexOf('--');
  return at === -1 ? argv.slice() : argv.slice(0, at).concat(argv.slice(at + 1));
}

/** @param {string} message @param {number} [exitCode] */
function fail(message, exitCode = 1) {
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
