import { type Command, CommanderError } from 'commander';

/** The exit code for a command line with an error. */
export const WRONG_USAGE = 2;

/** Makes a command throw an error instead of ending the process. With `--json`, the command prints no sentences for people. */
export function throwing(command: Command, argv: readonly string[]): Command {
  if (isJson(argv)) command.configureOutput({ writeErr: () => {} });
  return command.exitOverride();
}

/**
 * Reports a command line that commander refused. With `--json`, prints an object to standard output. Commander has already printed a
 * sentence for people.
 */
export function reportUsage(error: CommanderError, argv: readonly string[]): void {
  if (error.exitCode === 0 || !isJson(argv)) return;
  console.log(JSON.stringify({ error: { code: 'wrong-usage', message: error.message.replace(/^error: /, '') } }));
}

/** Parses the options of a command that has no subcommands. Ends the process when the options are wrong. */
export function parseOrExit(command: Command, argv: readonly string[]): Command {
  return exiting(argv, () => throwing(command, argv).parse([...argv], { from: 'user' }));
}

/** Refuses a command line whose options contradict each other. Ends the process. */
export function failUsage(command: Command, argv: readonly string[], message: string): never {
  return exiting(argv, () => command.error(message));
}

function exiting<T>(argv: readonly string[], act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    reportUsage(error, argv);
    process.exit(error.exitCode === 0 ? 0 : WRONG_USAGE);
  }
}

function isJson(argv: readonly string[]): boolean {
  return argv.includes('--json');
}
