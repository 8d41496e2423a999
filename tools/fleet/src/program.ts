import { Command } from 'commander';
import { AdminClient } from './admin-client.js';
import { COMMANDS } from './commands.js';
import type { ToolContext } from './context.js';
import { addMoveStore } from './move-store-command.js';
import { findTarget } from './target.js';

export interface FleetOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

export function newCommand({ call = 'npm run fleet --', runningFile }: ToolContext = {}): Command {
  const program = new Command(call)
    .description('Operates a running fleet over the admin API of any of its gateways.')
    .option('--url <url>', "the ops port of a gateway (default: the fleet of this folder's npm start, else http://127.0.0.1:7010)")
    .option('--token <token>', "the fleet's ADMIN_TOKEN (default: that variable, else the token of npm start)")
    .option('--json', 'print JSON for programs')
    .addHelpText('after', '\nSERVER is an id such as hf:game:1, or game:1 for short.')
    .showHelpAfterError(`(${call} --help lists all commands)`)
    .exitOverride();
  for (const { usage, alias, about, options = [], run } of COMMANDS) {
    const command = program.command(usage).description(about).exitOverride();
    if (alias) command.alias(alias);
    for (const [flags, meaning] of options) command.option(flags, meaning);
    command.action(async (...given: unknown[]) => {
      // Commander passes to this function the arguments, then the options of the command, then the command itself.
      const own = given.at(-2) as Record<string, string>;
      const words = given.slice(0, -2) as (string | undefined)[];
      const { url, token, json = false } = program.opts<FleetOptions>();
      const client = new AdminClient(findTarget({ url, token }, process.env, runningFile));
      await run({ client, words, options: own, json, print: (text) => console.log(text) });
    });
  }
  addMoveStore(program);
  return program;
}
