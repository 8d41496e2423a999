import { CommanderError } from 'commander';
import { FleetError } from './admin-client.js';
import type { ToolContext } from './context.js';
import { type FleetOptions, newCommand } from './program.js';
import { reportUsage, throwing, WRONG_USAGE } from './usage.js';

/** Runs one command. Returns the exit code: 0 for success, 1 if the fleet refused or did not answer, 2 if the command line was wrong. */
export async function main(argv: readonly string[], context: ToolContext = {}): Promise<number> {
  const program = newCommand(context);
  for (const command of [program, ...program.commands]) throwing(command, argv);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      reportUsage(error, argv);
      return error.exitCode === 0 ? 0 : WRONG_USAGE;
    }
    if (!(error instanceof FleetError)) throw error;
    if (program.opts<FleetOptions>().json) console.log(JSON.stringify({ error: error.body }));
    else console.error(error.message);
    return 1;
  }
}
