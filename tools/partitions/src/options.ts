import { Command, InvalidArgumentError } from 'commander';
import { failUsage, parseOrExit } from '../../fleet/src/usage.js';
import { CASES } from './cases.js';

const NAMES = CASES.map(({ name }) => name);

export interface PartitionOptions {
  /** Number of runs of each case. */
  readonly repeat: number;
  readonly gateways: number;
  readonly games: number;
  /** Number of rooms of the checked game, with two players each. */
  readonly rooms: number;
  /** Commands per second of all players together. */
  readonly commandsPerSecond: number;
  readonly seed: number;
  /** Names of the cases that the tool runs. */
  readonly cases: readonly string[];
  /** True: prints only one JSON object. */
  readonly json: boolean;
}

/** Reads the options. Exits the process with commander's message when one is not valid. */
export function readOptions(argv: readonly string[]): PartitionOptions {
  const command = newCommand();
  const options = parseOrExit(command, argv).opts<PartitionOptions & { cases?: string[] }>();
  const cases = options.cases ?? NAMES;
  for (const name of cases)
    if (!NAMES.includes(name)) failUsage(command, argv, `there is no case ${name}. The cases are: ${NAMES.join(', ')}`);
  return { ...options, cases };
}

export function newCommand(): Command {
  return new Command('npm run partitions --')
    .description(
      'Starts a fleet in network namespaces, lets players play while its parts cannot reach each other, and then compares the promises with the results.',
    )
    .option('--repeat <n>', 'number of runs of each case', whole, 3)
    .option('--gateways <n>', 'number of gateways', whole, 2)
    .option('--games <n>', 'number of game servers', whole, 3)
    .option('--rooms <n>', 'rooms of the checked game, with two players each', whole, 24)
    .option('--commands-per-second <n>', 'commands of all players together', whole, 100)
    .option('--seed <n>', 'seed of the players', whole, 1)
    .option('--cases <names...>', `only these cases, of: ${NAMES.join(', ')}`)
    .option('--json', 'print one JSON object and nothing else', false);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
