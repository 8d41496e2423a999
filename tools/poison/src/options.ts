import { Command, InvalidArgumentError } from 'commander';
import { CASES } from './cases.js';

export interface PoisonOptions {
  /** Innocent rooms of two players. */
  readonly rooms: number;
  /** Of all innocent players together. */
  readonly commandsPerSecond: number;
  readonly seed: number;
  /** Names of the cases to run. */
  readonly cases: readonly string[];
  /** Print one JSON object and nothing else. */
  readonly json: boolean;
}

/** Exits with commander's own message where an option makes no sense. */
export function readOptions(argv: readonly string[]): PoisonOptions {
  const names = CASES.map(({ name }) => name);
  const command = new Command('npm run poison --')
    .description('Runs hostile games on a fleet of its own, beside innocent rooms that keep a ledger of what they were promised.')
    .option('--rooms <n>', 'innocent rooms, of two players each', whole, 200)
    .option('--commands-per-second <n>', 'of all innocent players together', whole, 200)
    .option('--seed <n>', 'of what innocent players do', whole, 1)
    .option('--cases <names...>', `only these, of: ${names.join('; ')}`)
    .option('--json', 'print one JSON object and nothing else', false);
  const options = command.parse([...argv], { from: 'user' }).opts<PoisonOptions & { cases?: string[] }>();
  const cases = options.cases ?? names;
  for (const name of cases) if (!names.includes(name)) command.error(`no such case: ${name}; there are ${names.join('; ')}`);
  return { ...options, cases };
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number above 0');
  return value;
}
