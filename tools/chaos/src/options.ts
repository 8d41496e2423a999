import { Command, InvalidArgumentError } from 'commander';

export interface ChaosOptions {
  readonly minutes: number;
  /** Instead of faults: every server is restarted, one after the other. */
  readonly rolling: boolean;
  readonly seed: number;
  /** Seconds from one fault to the next, on average. */
  readonly every: number;
  readonly gateways: number;
  readonly lobbies: number;
  readonly games: number;
  /** Of the checked game; each has 2 to 4 players. */
  readonly rooms: number;
  /** Who play tic-tac-toe beside them. */
  readonly others: number;
  /** Rooms of the bank games, of two players each; the three durabilities take turns. */
  readonly banks: number;
  /** Of all players of the checked game together. */
  readonly commandsPerSecond: number;
  /** Players and gateways over TLS, with a certificate of the run's own. */
  readonly tls: boolean;
  /** Only faults of these kinds; empty: all. */
  readonly faults: readonly string[];
  /** Print one JSON object and nothing else. */
  readonly json: boolean;
}

/** Exits with commander's own message where an option makes no sense. */
export function readOptions(argv: readonly string[]): ChaosOptions {
  const command = new Command('npm run chaos --')
    .description(
      'Plays on a fleet of its own while servers and Redis are killed, stopped and drained; then compares what was promised with what is.',
    )
    .option('--minutes <n>', 'how long there are faults', positive, 1)
    .option('--rolling', 'instead of faults, restart every server in good order, one after the other', false)
    .option('--seed <n>', 'which faults, in which order (default: any; it is printed)', whole, Math.floor(Math.random() * 1_000_000))
    .option('--every <seconds>', 'from one fault to the next, on average', positive, 4)
    .option('--gateways <n>', 'how many of them', whole, 2)
    .option('--lobbies <n>', 'how many of them', whole, 2)
    .option('--games <n>', 'game servers', whole, 3)
    .option('--rooms <n>', 'rooms of the checked game, with 2 to 4 players each', whole, 28)
    .option('--others <n>', 'players of tic-tac-toe beside them', whole, 16)
    .option('--banks <n>', 'rooms of two players whose game pays by effects; the three durabilities take turns', whole, 6)
    .option('--commands-per-second <n>', 'of all players of the checked game together', positive, 150)
    .option('--tls', 'players come by wss://, with a certificate made for the run', false)
    .option('--faults <kinds...>', 'only these (`kill-game`, `pause-redis`, …; docs/chaos.md has them all)')
    .option('--json', 'print one JSON object and nothing else', false);
  const { faults = [], ...rest } = command.parse([...argv], { from: 'user' }).opts<Omit<ChaosOptions, 'faults'> & { faults?: string[] }>();
  return { ...rest, faults };
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0');
  return value;
}
