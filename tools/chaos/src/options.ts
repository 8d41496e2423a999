import { Command, InvalidArgumentError, Option } from 'commander';
import { parseOrExit } from '../../fleet/src/usage.js';

export interface ChaosOptions {
  readonly minutes: number;
  /** True: restarts all servers, one after the other, and causes no faults. */
  readonly rolling: boolean;
  readonly seed: number;
  /** Average time between two faults, in seconds. */
  readonly every: number;
  readonly gateways: number;
  readonly lobbies: number;
  readonly games: number;
  /** Number of rooms of the checked game (`chain`), with 2 to 4 players each. */
  readonly rooms: number;
  /** Number of players of tic-tac-toe. */
  readonly others: number;
  /** Number of rooms of the bank games, with two players each. The rooms use the three durabilities in turn. */
  readonly banks: number;
  /** Number of players who search for matches. */
  readonly searchers: number;
  /** Commands per second of the checked game, for all of its players together. */
  readonly commandsPerSecond: number;
  /** True: players connect over TLS, with a certificate made for the run. */
  readonly tls: boolean;
  /** The kinds of faults that the tool causes. An empty list means all kinds. */
  readonly faults: readonly string[];
  /** True: prints only one JSON object. */
  readonly json: boolean;
}

/** Reads the options. Exits the process with commander's message when one is not valid. */
export function readOptions(argv: readonly string[], call?: string): ChaosOptions {
  const { faults = [], ...rest } = parseOrExit(newCommand(call), argv).opts<Omit<ChaosOptions, 'faults'> & { faults?: string[] }>();
  return { ...rest, faults };
}

export function newCommand(call = 'npm run chaos --'): Command {
  return new Command(call)
    .description(
      'Starts a fleet, lets players play while it kills, suspends and drains servers and Redis, and then compares the promises with the results.',
    )
    .option('--minutes <n>', 'duration of the faults', positive, 1)
    .option('--rolling', 'restart every server, one after the other, instead of causing faults', false)
    .addOption(
      new Option('--seed <n>', 'selects the faults and their order; it is printed')
        .argParser(whole)
        .default(Math.floor(Math.random() * 1_000_000), 'at random'),
    )
    .option('--every <seconds>', 'average time from one fault to the next', positive, 4)
    .option('--gateways <n>', 'number of gateways', whole, 2)
    .option('--lobbies <n>', 'number of lobbies', whole, 2)
    .option('--games <n>', 'number of game servers', whole, 3)
    .option('--rooms <n>', 'rooms of the checked game, with 2 to 4 players each', whole, 28)
    .option('--others <n>', 'players of tic-tac-toe in addition', whole, 16)
    .option('--banks <n>', 'rooms of two players whose game pays by effects, with the three durabilities in turn', whole, 6)
    .option('--searchers <n>', 'players who repeatedly search for matches of tic-tac-toe', whole, 12)
    .option('--commands-per-second <n>', 'commands of all players of the checked game together', positive, 150)
    .option('--tls', 'players use wss://, with a certificate made for the run', false)
    .option('--faults <kinds...>', 'only these kinds (`kill-game`, `pause-redis`, …; docs/chaos.md lists all)')
    .option('--json', 'print one JSON object and nothing else', false);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number from 0.');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
