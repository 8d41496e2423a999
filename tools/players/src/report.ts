import type { ChessRun, Difference, Remark } from './chess.js';
import type { PlayersOptions } from './options.js';
import type { UnreadableGame } from './pgn.js';
import { describeUnreadable, linesOf, type PgnFile } from './pgn-file.js';
import { round, type Tally } from './tally.js';

/** The output of `--json`. */
export interface Report {
  readonly ok: boolean;
  readonly game: string;
  readonly players: number;
  readonly urls: readonly string[];
  readonly seconds: number;
  readonly games: number;
  readonly moves: number;
  readonly ackMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly lost: number;
  readonly doubled: number;
  readonly longestPauseMs: number;
  readonly pauses: number;
  readonly reconnects: number;
  /** Number of attempts to open a session that failed and were repeated. */
  readonly failedConnects: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  /** Chess: games whose outcome in the fleet differs from that in the PGN file. */
  readonly differences?: readonly Difference[];
  /** Chess: number of games that were not played, because they cannot be read. */
  readonly unreadableCount?: number;
  /** Chess: the first games that cannot be read. */
  readonly unreadable?: readonly UnreadableGame[];
  /** Chess: number of games whose moves or result in the PGN file violate the laws of chess. */
  readonly remarkCount?: number;
  /** Chess: the first games whose moves or result in the PGN file violate the laws of chess. */
  readonly remarks?: readonly Remark[];
}

/** The part of the report about a file of chess games. */
export interface ChessReportSource {
  readonly file: Pick<PgnFile, 'unreadable' | 'unreadableCount'>;
  readonly run: Pick<ChessRun, 'differences' | 'remarks' | 'remarkCount'>;
}

export function reportOf(options: PlayersOptions, tally: Tally, players: number, elapsedMs: number, chess?: ChessReportSource): Report {
  return {
    ok: tally.isRight,
    game: options.game,
    players,
    urls: options.urls,
    seconds: round(elapsedMs / 1_000),
    games: tally.games,
    moves: tally.moves,
    ackMs: { p50: tally.latencyMs(0.5), p99: tally.latencyMs(0.99), max: tally.latencyMs(1) },
    lost: tally.lost,
    doubled: tally.doubled,
    longestPauseMs: round(tally.longestPauseMs),
    pauses: tally.pauses,
    reconnects: tally.reconnects,
    failedConnects: tally.failedConnects,
    refusals: Object.fromEntries(tally.refusals),
    faults: tally.faults,
    ...(chess && {
      differences: chess.run.differences,
      unreadableCount: chess.file.unreadableCount,
      unreadable: chess.file.unreadable,
      remarkCount: chess.run.remarkCount,
      remarks: chess.run.remarks,
    }),
  };
}

export function readable(report: Report): string {
  const { ackMs, refusals, unreadable = [], unreadableCount = 0, remarks = [], remarkCount = 0 } = report;
  const refused = Object.entries(refusals).map(([code, count]) => `${code} ${count}`);
  return [
    '',
    `  players              ${report.players}`,
    `  games played         ${report.games}`,
    `  moves acknowledged   ${report.moves}   (${Math.round(report.moves / Math.max(report.seconds, 0.001))} a second)`,
    `  ack time             p50 ${ackMs.p50} ms, p99 ${ackMs.p99} ms, longest ${ackMs.max} ms`,
    `  moves lost           ${report.lost}`,
    `  moves doubled        ${report.doubled}`,
    `  longest pause        ${report.longestPauseMs} ms   (${report.pauses} pauses, ${report.reconnects} reconnections)`,
    ...(report.failedConnects > 0 ? [`  failed to connect    ${report.failedConnects}   (attempts that were repeated)`] : []),
    ...(refused.length > 0 ? [`  refused              ${refused.join(', ')}`] : []),
    ...(report.differences ? [`  differ from the file ${report.differences.length}`] : []),
    ...(unreadableCount > 0 ? [`  games passed over    ${unreadableCount}   (unreadable, or not standard chess)`] : []),
    ...linesOf(unreadable, unreadableCount, describeUnreadable),
    ...(remarkCount > 0 ? [`  remarks on the file  ${remarkCount}`] : []),
    ...linesOf(remarks, remarkCount, ({ game, title, what }) => `game ${game} (${title}): ${what}`),
    ...report.faults.map((fault) => `  ! ${fault}`),
    '',
    report.ok ? 'No errors.' : 'There were errors.',
  ].join('\n');
}
