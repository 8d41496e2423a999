import { Command, InvalidArgumentError } from 'commander';
import { readRunning, runningFile } from '../../fleet/src/running.js';

export const URL_DEFAULT = 'ws://127.0.0.1:7000/play';

/** A gateway lets a connection send 100 messages a second; with this, two players make about as many moves between them. */
const THINK_MS = 20;

export type GameName = 'tic-tac-toe' | 'chess';

export interface PlayersOptions {
  readonly players: number;
  readonly game: GameName;
  readonly seconds: number;
  readonly urls: readonly string[];
  /** File of the certificate that gateways show, trusted for itself; null: as Node does. */
  readonly certificate: string | null;
  /** Print one JSON object and nothing else. */
  readonly json: boolean;
  /** Chess: games played at the same time. */
  readonly gamesAtOnce: number;
  /** A player waits a random time up to this before a move, in ms. */
  readonly thinkMs: number;
  readonly pgn: string | null;
  readonly encoding: 'binary' | 'json';
  /** Tic-tac-toe: two meet in a room that one of them made, or are put together by the matchmaker. */
  readonly pairing: 'rooms' | 'match';
}

/** Exits with commander's own message where an option makes no sense. */
export function readOptions(argv: readonly string[], file: string = runningFile()): PlayersOptions {
  const command = new Command('npm run players --')
    .description(
      'Simulated players through the real client. Each keeps a ledger of what was acknowledged; none of it may be lost or doubled.',
    )
    .option('--players <n>', 'how many play tic-tac-toe', count, 200)
    .option('--game <name>', 'tic-tac-toe or chess', game, 'tic-tac-toe')
    .option('--seconds <n>', 'how long tic-tac-toe is played', positive, 30)
    .option('--url <url...>', `a gateway; may be given several times (default: that of npm start in this folder, else ${URL_DEFAULT})`)
    .option('--certificate <file>', 'over wss://: trust the gateway that has this one (default: that of npm start in this folder)')
    .option('--think-ms <ms>', 'a player waits a random time up to this before each move', count0, THINK_MS)
    .option(
      '--pairing <how>',
      'rooms: two share a room and play on in it; match: each looks for a new partner after each game',
      pairing,
      'rooms',
    )
    .option('--pgn <file>', 'chess: plays every game of this file and compares how it ends with the file')
    .option('--games-at-once <n>', 'chess: games played at the same time', count, 50)
    .option('--encoding <name>', 'binary or json (WebSocket only)', encoding, 'binary')
    .option('--json', 'print one JSON object and nothing else', false);
  const options = command.parse([...argv], { from: 'user' }).opts<{
    players: number;
    game: GameName;
    seconds: number;
    url?: string[];
    certificate?: string;
    thinkMs: number;
    pairing: PlayersOptions['pairing'];
    pgn?: string;
    gamesAtOnce: number;
    encoding: PlayersOptions['encoding'];
    json: boolean;
  }>();
  if (options.game === 'chess' && options.pgn === undefined) command.error('error: chess is played from a file: --pgn FILE');
  const { url, certificate, pgn, ...rest } = options;
  const running = readRunning(file);
  const urls = url ?? [running?.url ?? URL_DEFAULT];
  // The certificate of one fleet says nothing about another.
  const ofRunning = urls.every((one) => one === running?.url) ? running?.certificate : undefined;
  return { ...rest, urls, certificate: certificate ?? ofRunning ?? null, pgn: pgn ?? null };
}

function count(text: string): number {
  return atLeast(text, 1);
}

function count0(text: string): number {
  return atLeast(text, 0);
}

function atLeast(text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least} on`);
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0');
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
