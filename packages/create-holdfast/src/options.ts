import { parseArgs } from 'node:util';
import { Refusal } from './refusal.js';

/** The options of the command line. A field is undefined when its option is not given. */
export interface Options {
  /** The folder of the project. */
  readonly folder: string | undefined;
  readonly template: string | undefined;
  /** The name of the npm package. */
  readonly name: string | undefined;
  /** True: the command asks no questions, and uses defaults for absent options. */
  readonly yes: boolean;
  readonly install: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** npm reads the options before `--` itself, and passes only values such as `react` on. */
export const AFTER_DASHES = 'With npm, write -- before the options: npm create holdfast@latest my-game -- --template turn-based.';

/** @throws Refusal when an option is unknown or has no value */
export function optionsFrom(argv: readonly string[]): Options {
  const { values, positionals } = parsed(argv);
  if (positionals.length > 1) {
    throw new Refusal(`Give one folder, not ${positionals.length}: ${positionals.join(', ')}. ${AFTER_DASHES} See --help.`);
  }
  return {
    folder: positionals[0],
    template: values.template,
    name: values.name,
    yes: values.yes ?? false,
    install: !values['no-install'],
    help: values.help ?? false,
    version: values.version ?? false,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        template: { type: 'string', short: 't' },
        name: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        'no-install': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new Refusal(`${(error as Error).message}. See --help.`);
  }
}
