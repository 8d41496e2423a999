import { Command, InvalidArgumentError } from 'commander';
import { failUsage, parseOrExit } from '../../fleet/src/usage.js';
import { CASES } from './cases.js';

const NAMES = CASES.map(({ name }) => name);

export interface PoisonOptions {
  /** Number of rooms without hostile code, with two players each. */
  readonly rooms: number;
  /** Commands per second of all players together who are in rooms without hostile code. */
  readonly commandsPerSecond: number;
  readonly seed: number;
  /** Names of the cases that the tool runs. */
  readonly cases: readonly string[];
  /** True: prints only one JSON object. */
  readonly json: boolean;
}

/** Reads the options. Exits the process with commander's message when one is not valid. */
export function readOptions(argv: readonly string[]): PoisonOptions {
  const command = newCommand();
  const options = parseOrExit(command, argv).opts<PoisonOptions & { cases?: string[] }>();
  const cases = options.cases ?? NAMES;
  for (const name of cases)
    if (!NAMES.includes(name)) failUsage(command, argv, `there is no case ${name}. The cases are: ${NAMES.join('; ')}`);
  return { ...options, cases };
}

export function newCommand(): Command {
  return new Command('npm run poison --')
    .description('Runs hostile games on its own fleet, beside innocent rooms that record their acknowledged commands.')
    .option('--rooms <n>', 'number of innocent rooms, of two players each', whole, 200)
    .option('--commands-per-second <n>', 'commands per second of all innocent players together', whole, 200)
    .option('--seed <n>', 'seed of the innocent players', whole, 1)
    .option('--cases <names...>', `run only these cases, of: ${NAMES.join('; ')}`)
    .option('--json', 'print only one JSON object', false);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}
