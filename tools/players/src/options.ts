import { Command, InvalidArgumentError } from 'commander';
import { readRunning, runningFile } from '../../fleet/src/running.js';
import { failUsage, parseOrExit } from '../../fleet/src/usage.js';

export const URL_DEFAULT = 'ws://127.0.0.1:7000/play';

/**
 * The default of `thinkMs`, in ms. With this thinking time, two players together make about 100 moves per second. A gateway accepts 100
 * messages per second from each connection.
 */
const THINK_MS = 20;

export type GameName = 'tic-tac-toe' | 'chess';

export interface PlayersOptions {
  readonly players: number;
  readonly game: GameName;
  readonly seconds: number;
  readonly urls: readonly string[];
  /** File of the certificate of the gateways. The players trust this certificate itself, without a CA. Null: the defaults of Node. */
  readonly certificate: string | null;
  /** True: prints only one JSON object. */
  readonly json: boolean;
  /** Chess: number of concurrent games. */
  readonly gamesAtOnce: number;
  /** The longest thinking time before a move, in ms. Each thinking time is random. */
  readonly thinkMs: number;
  readonly pgn: string | null;
  /** Chess. True: the tool plays no game when the PGN file contains a game that cannot be read. */
  readonly strict: boolean;
  readonly encoding: 'binary' | 'json';
  /** Tic-tac-toe: `rooms`: two players share a room that one of them created. `match`: the matchmaker pairs them. */
  readonly pairing: 'rooms' | 'match';
  /**
   * True: the run has started the fleet itself, so the fleet exists. The first player then repeats an attempt to connect that no gateway
   * answers, as all other players do.
   */
  readonly isFleetKnown: boolean;
}

/** Reads the options. Exits the process with commander's message when one is not valid. */
export function readOptions(argv: readonly string[], file: string = runningFile(), call?: string): PlayersOptions {
  const command = newCommand(call);
  const options = parseOrExit(command, argv).opts<{
    players: number;
    game: GameName;
    seconds: number;
    url?: string[];
    certificate?: string;
    thinkMs: number;
    pairing: PlayersOptions['pairing'];
    pgn?: string;
    strict: boolean;
    gamesAtOnce: number;
    encoding: PlayersOptions['encoding'];
    json: boolean;
  }>();
  if (options.game === 'chess' && options.pgn === undefined) failUsage(command, argv, 'error: chess needs a file of games: --pgn FILE');
  const { url, certificate, pgn, ...rest } = options;
  const running = readRunning(file);
  const urls = url ?? [running?.url ?? URL_DEFAULT];
  // The players of one fleet must not trust the certificate of another fleet.
  const ofRunning = urls.every((one) => one === running?.url) ? running?.certificate : undefined;
  return { ...rest, urls, certificate: certificate ?? ofRunning ?? null, pgn: pgn ?? null, isFleetKnown: false };
}

export function newCommand(call = 'npm run players --'): Command {
  return new Command(call)
    .description('Runs simulated players with the real client. Each records its acknowledged moves, and none may be lost or doubled.')
    .option('--players <n>', 'number of players of tic-tac-toe', count, 200)
    .option('--game <name>', 'tic-tac-toe or chess', game, 'tic-tac-toe')
    .option('--seconds <n>', 'duration of tic-tac-toe', positive, 30)
    .option('--url <url...>', `one or more gateways (default: that of npm start in this folder, else ${URL_DEFAULT})`)
    .option('--certificate <file>', 'for wss://: trust the gateway with this certificate (default: that of npm start in this folder)')
    .option('--think-ms <ms>', 'a player waits a random time up to this before each move', count0, THINK_MS)
    .option(
      '--pairing <how>',
      'rooms: two players share a room for all games; match: each searches for a new opponent after each game',
      pairing,
      'rooms',
    )
    .option(
      '--pgn <file>',
      'chess: play every game of this file (PGN), and compare the final position with the file; unreadable games are passed over',
    )
    .option('--strict', 'chess: refuse the whole file when one of its games cannot be read, before anything is played', false)
    .option('--games-at-once <n>', 'chess: number of concurrent games', count, 50)
    .option('--encoding <name>', 'binary or json (WebSocket only)', encoding, 'binary')
    .option('--json', 'print only one JSON object', false);
}

function count(text: string): number {
  return atLeast(text, 1);
}

function count0(text: string): number {
  return atLeast(text, 0);
}

function atLeast(text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`It must be a whole number from ${least}.`);
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

const game = oneOf<GameName>('tic-tac-toe', 'chess');
const pairing = oneOf<PlayersOptions['pairing']>('rooms', 'match');
const encoding = oneOf<PlayersOptions['encoding']>('binary', 'json');

function oneOf<Choice extends string>(...choices: Choice[]): (text: string) => Choice {
  return (text) => {
    if (!choices.includes(text as Choice)) throw new InvalidArgumentError(`It must be one of: ${choices.join(', ')}.`);
    return text as Choice;
  };
}
