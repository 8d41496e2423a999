import { Command, CommanderError } from 'commander';
import { AdminClient, FleetError } from './admin-client.js';
import { COMMANDS } from './commands.js';
import { findTarget } from './target.js';

/** Returns the exit code: 0, 1 when the fleet refused or did not answer, 2 when the command line was wrong. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = newProgram();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof FleetError)) throw error;
    if (program.opts<Options>().json) console.log(JSON.stringify({ error: error.body }));
    else console.error(error.message);
    return 1;
  }
}

interface Options {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

function newProgram(): Command {
  const program = new Command('npm run fleet --')
    .description('Operates a running fleet over the admin API of any of its gateways.')
    .option('--url <url>', "the ops port of a gateway (default: the fleet of this folder's npm start, else http://127.0.0.1:7010)")
    .option('--token <token>', "the fleet's ADMIN_TOKEN (default: that variable, else the token of npm start)")
    .option('--json', 'print JSON for programs')
    .addHelpText('after', '\nSERVER is an id such as hf:game:1, or game:1 for short.')
    .showHelpAfterError('(npm run fleet -- --help lists all commands)')
    .exitOverride();
  for (const { usage, about, options = [], run } of COMMANDS) {
    const command = program.command(usage).description(about).exitOverride();
    for (const [flags, meaning] of options) command.option(flags, meaning);
    command.action(async (...given: unknown[]) => {
      // Commander passes the arguments, then the command's own options, then the command.
      const own = given.at(-2) as Record<string, string>;
      const words = given.slice(0, -2) as (string | undefined)[];
      const { url, token, json = false } = program.opts<Options>();
      const client = new AdminClient(findTarget({ url, token }));
      await run({ client, words, options: own, json, print: (text) => console.log(text) });
    });
  }
  return program;
}
