import { readFileSync } from 'node:fs';
import { asBinary, speakAsBinary } from '../../../tools/command/names.mjs';
import { endWithReader } from '../../../tools/command/reader.mjs';
import { missingRequirement } from '../../../tools/command/requirements.mjs';
import { isHelpRequested, withoutSeparator } from '../../../tools/command/run-tool.mjs';
import { PlainError } from '../../../tools/process/plain-error.mjs';
import { COMMANDS } from './commands.mjs';

const PACKAGE = new URL('../../../package.json', import.meta.url);
const WRONG_USAGE = 2;

/**
 * Runs a command line of the binary. Help and the version need no other file than their own, so that they are printed at once.
 *
 * @param {string[]} argv
 */
export async function runBinary(argv) {
  const [first, ...rest] = argv;
  const name = first === 'help' ? rest[0] : first;
  const command = COMMANDS.find((one) => one.name === name);
  if (name === '--version' || name === '-V') return print(`${JSON.parse(readFileSync(PACKAGE, 'utf8')).version}\n`);
  if (name === undefined || name === '--help' || name === '-h') return print(overview());
  if (command === undefined) return refuse(argv, `${name} is not a command. holdfast --help lists all commands.`);
  if (first === 'help' || isHelpRequested(rest)) return print(asBinary(readFileSync(command.help, 'utf8')));
  const problem = missingRequirement();
  if (problem !== null) return fail(problem);
  speakAsBinary();
  try {
    const { main } = await command.load();
    await main([...(command.given ?? []), ...withoutSeparator(rest)]);
  } catch (error) {
    if (!(error instanceof PlainError)) throw error;
    fail(asBinary(error.message), error.exitCode);
  }
}

function overview() {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'Usage: holdfast <command> [options]',
    '',
    'Commands:',
    ...COMMANDS.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
    '',
    'Options:',
    '  -V, --version  print the version',
    '  -h, --help     print this help, or with a command the help of that command',
    '',
    'Exit codes: 0 for success, 1 for a failure, 2 for a command line with an error.',
    '',
  ].join('\n');
}

/** @param {string} text */
function print(text) {
  endWithReader();
  process.stdout.write(text);
}

/** @param {readonly string[]} argv @param {string} message */
function refuse(argv, message) {
  if (argv.includes('--json')) print(`${JSON.stringify({ error: { code: 'wrong-usage', message } })}\n`);
  else process.stderr.write(`${message}\n`);
  process.exitCode = WRONG_USAGE;
}

/** @param {string} message @param {number} [exitCode] */
function fail(message, exitCode = 1) {
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}
