import { Command, Option } from 'commander';
import type { ServerType } from '#libs/protocol';

export const SERVER_TYPES = ['gateway', 'lobby', 'game'] as const satisfies readonly ServerType[];

export interface ConfigOptions {
  /** True: prints all settings. False: prints only problems. */
  readonly print: boolean;
  readonly type?: ServerType;
  readonly changed: boolean;
  readonly json: boolean;
  /** True: prints only the JSON Schema of the file that `HOLDFAST_CONFIG` names. */
  readonly schema: boolean;
}

export function newCommand(call = 'holdfast config'): Command {
  return (
    new Command(call)
      .description(
        'Checks the settings of the servers of this project: environment variables, the file that HOLDFAST_CONFIG names, and .env outside production. Unknown names are shown with the nearest known one.',
      )
      // The tool itself refuses words that are not options, because the sentence of commander does not name `--type`.
      .allowExcessArguments()
      .option('--print', 'print the effective settings, without secrets', false)
      .addOption(new Option('--type <type>', 'only of this type of server').choices(SERVER_TYPES))
      .option('--changed', 'with --print: only settings that are not at their default', false)
      .option('--json', 'print one JSON object', false)
      .option('--schema', 'print the JSON Schema of the file that HOLDFAST_CONFIG names, and check nothing', false)
  );
}
