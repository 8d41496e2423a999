import type { Tally } from '../../players/src/tally.js';
import type { Fault } from './faults.js';
import type { Findings } from './findings.js';
import type { ChaosOptions } from './options.js';
import type { Spread } from './pauses.js';

export interface BankReport {
  readonly games: number;
  /** Number of acknowledged transfers, including those that a rewind has undone. */
  readonly acknowledged: number;
  /** Number of transfers that effects have paid. Repeated payments of one transfer count once. */
  readonly paid: number;
  /** Number of rewinds of which players were notified. */
  readonly rewinds: number;
}

/** Numbers of searches for a match, by outcome. */
export interface SearchReport {
  readonly matched: number;
  readonly cancelled: number;
  /** Number of searches that a server ended or refused, for example because Redis was unavailable. */
  readonly refused: number;
}

/** The output of `--json`. Times are in ms. */
export interface Report {
  readonly ok: boolean;
  readonly seed: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly faults: number;
  readonly counts: Findings['counts'];
  readonly codes: Readonly<Record<string, number>>;
  readonly ticTacToe: {
    readonly games: number;
    readonly moves: number;
    readonly lost: number;
    readonly doubled: number;
    /** Number of attempts to open a session that failed and were repeated. */
    readonly failedConnects: number;
  };
  readonly bank: BankReport;
  readonly searches: SearchReport;
  readonly answers: Spread;
  readonly byFault: Readonly<Record<string, { readonly faults: number; readonly pauses: Spread; readonly longWaits: Spread }>>;
  readonly violationCount: number;
  readonly violations: readonly string[];
  readonly logs: string;
}

export function reportOf(
  { seed, minutes }: ChaosOptions,
  { counts, codes, pauses, violations, violationCount }: Findings,
  faults: readonly Fault[],
  {
    ticTacToe: { games, moves, lost, doubled, failedConnects },
    bank,
    searches,
  }: { readonly ticTacToe: Tally; readonly bank: BankReport; readonly searches: SearchReport },
  logs: string,
  elapsedMs: number,
): Report {
  return {
    ok: violationCount === 0,
    seed,
    minutes,
    seconds: Math.round(elapsedMs / 1_000),
    faults: faults.length,
    counts,
    codes: Object.fromEntries(codes),
    ticTacToe: { games, moves, lost, doubled, failedConnects },
    bank,
    searches,
    answers: pauses.answersMs,
    byFault: pauses.byFault(faults),
    violationCount,
    violations,
    logs,
  };
}

export function readable(report: Report): string {
  const { counts, ticTacToe, bank, searches, answers } = report;
  const rows = Object.entries(report.byFault).map(
    ([kind, { faults, pauses, longWaits }]) => `  ${kind.padEnd(14)}${column(faults)} ${spread(pauses)}   ${spread(longWaits)}`,
  );
  const heads = ['count', 'p50', 'p90', 'p99', 'max'].map(column).join('');
  return [
    '',
    `  seed                   ${report.seed}, ${report.faults} faults in ${report.seconds} s`,
    `  chain                  ${counts.games} games in ${counts.rooms} rooms`,
    `  commands               ${counts.acknowledged} acknowledged, ${counts.refused} refused by the rules`,
    `  events received        ${counts.events}; gaps that players were notified of: ${counts.missed}`,
    `  players                ${counts.reconnections} reconnections; ${counts.late} joined a game late, ${counts.absent} only at its end`,
    `  other answers          ${
      Object.entries(report.codes)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ') || 'none'
    }`,
    `  tic-tac-toe            ${ticTacToe.games} games, ${ticTacToe.moves} moves, ${ticTacToe.lost} lost, ${ticTacToe.doubled} doubled; ${ticTacToe.failedConnects} attempts to connect failed`,
    `  searches               ${searches.matched} matched, ${searches.cancelled} cancelled, ${searches.refused} ended by a server`,
    `  bank                   ${bank.games} games, ${bank.acknowledged} transfers acknowledged, ${bank.paid} paid; ${bank.rewinds} rewinds`,
    `  answered in, ms        p50 ${answers.p50}, p90 ${answers.p90}, p99 ${answers.p99}, max ${answers.max}`,
    '',
    `  ${'fault'.padEnd(14)}${column('done')}  ${'pauses of players, ms'.padEnd(40)}   answers that took over 100 ms`,
    `  ${''.padEnd(14)}${column('')} ${heads}   ${heads}`,
    ...rows,
    '',
    ...report.violations.map((violation) => `  ! ${violation}`),
    report.ok
      ? `PASS  ledger and games agree (seed ${report.seed})`
      : `FAIL  ${report.violationCount} violations (seed ${report.seed}; logs in ${report.logs})`,
  ].join('\n');
}

function spread({ count, p50, p90, p99, max }: Spread): string {
  return column(count) + [p50, p90, p99, max].map((ms) => column(Math.round(ms))).join('');
}

function column(value: string | number): string {
  return String(value).padStart(8);
}
