import { Command, InvalidArgumentError, Option } from 'commander';
import { parseOrExit } from '../../fleet/src/usage.js';

export interface FuzzOptions {
  /** Number of cases, over all targets. */
  readonly cases: number;
  readonly seed: number;
}

/** Reads the options. Exits the process with commander's message when one is not valid. */
export function readOptions(argv: readonly string[]): FuzzOptions {
  return parseOrExit(newCommand(), argv).opts();
}

export function newCommand(): Command {
  return new Command('npm run fuzz --')
    .description('Sends random hostile input to a gateway. Every case must end in a value or a refusal with a code.')
    .option('--cases <n>', 'number of cases, over all targets', whole(1), 100_000)
    .addOption(
      new Option('--seed <n>', 'repeat the cases of this seed')
        .argParser(whole(0))
        .default(Math.floor(Math.random() * 2 ** 31), 'at random'),
    );
}

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
    return value;
  };
}
