import { Command, InvalidArgumentError } from 'commander';
import { CASES } from './cases.js';

export interface PartitionOptions {
  /** How often each case is done. */
  readonly repeat: number;
  readonly gateways: number;
  readonly games: number;
  /** Rooms of the checked game, of two players each. */
  readonly rooms: number;
  /** Of all players together. */
  readonly commandsPerSecond: number;
  readonly seed: number;
  /** Names of the cases to run. */
  readonly cases: readonly string[];
  /** Print one JSON object and nothing else. */
  readonly json: boolean;
}

/** Exits with commander's own message where an option makes no sense. */
export function readOptions(argv: readonly string[]): PartitionOptions {
  const names = CASES.map(({ name }) => name);
  const command = new Command('npm run partitions --')
    .description(
      'Plays on a fleet in network namespaces while parts of it cannot reach each other; then compares what was promised with what is.',
    )
    .option('--repeat <n>', 'how often each case is done', whole, 3)
    .option('--gateways <n>', 'how many of them', whole, 2)
    .option('--games <n>', 'game servers', whole, 3)
    .option('--rooms <n>', 'rooms of the checked game, with two players each', whole, 24)
    .option('--commands-per-second <n>', 'of all players together', whole, 100)
    .option('--seed <n>', 'of what players do', whole, 1)
    .option('--cases <names...>', `only these, of: ${names.join(', ')}`)
    .option('--json', 'print one JSON object and nothing else', false);
  const options = command.parse([...argv], { from: 'user' }).opts<PartitionOptions & { cases?: string[] }>();
  const cases = options.cases ?? names;
  for (const name of cases) if (!names.includes(name)) command.error(`no such case: ${name}; there are ${names.join(', ')}`);
  return { ...options, cases };
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0');
  return value;
}
