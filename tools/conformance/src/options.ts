import { Command, InvalidArgumentError } from 'commander';
import { failUsage, parseOrExit } from '../../fleet/src/usage.js';

export interface ConformanceOptions {
  /** The command that starts the client under test. */
  readonly client?: string;
  /** Runs only cases whose name contains this text. */
  readonly only?: string;
  /** Maximum number of cases that run at the same time. */
  readonly atOnce: number;
  /** The folder into which the tool writes the test vectors. With this option, it tests no client. */
  readonly vectors?: string;
  /** True: prints the lines between the tool and the client. */
  readonly verbose: boolean;
}

/** Reads the options. Exits the process with commander's message when one is not valid. */
export function readOptions(argv: readonly string[], call?: string): ConformanceOptions {
  const command = parseOrExit(newCommand(call), argv);
  const options = command.opts<ConformanceOptions>();
  if (options.client === undefined && options.vectors === undefined)
    failUsage(command, argv, 'Give --client with the command that starts the client under test, or --vectors with a folder.');
  return options;
}

/** @param call how the user calls this tool */
export function newCommand(call = 'npm run conformance --'): Command {
  return new Command(call)
    .description(
      'Tests a client in any language against scripted gateways on loopback. conformance/README.md describes how the client is driven.',
    )
    .option('--client <command>', 'starts the client under test, such as "python3 my_client.py"')
    .option('--only <text>', 'runs only the cases whose name contains this text')
    .option('--at-once <n>', 'number of cases that run at the same time, each with a process of the client', casesAtOnce, 4)
    .option('--verbose', 'prints the lines between this tool and the client', false)
    .option('--vectors <folder>', 'writes the test vectors into this folder, and tests no client');
}

function casesAtOnce(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
  return value;
}
