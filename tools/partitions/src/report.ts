import type { Spread } from '../../chaos/src/pauses.js';
import type { CaseReport, PartitionReport } from './main.js';

/** Formats a table with one row per case: the cut, the waiting times of players, and the reaction of the fleet. */
export function readable({ ok, seed, seconds, games, acknowledged, cases, violations, logs }: PartitionReport): string {
  const heads = ['count', 'p50', 'p99', 'max'].map(column).join('');
  return [
    '',
    `  ${games} games, ${acknowledged} commands acknowledged, each applied once unless a violation below differs, in ${seconds} s`,
    '',
    `  ${'cut'.padEnd(15)}${column('done')}   ${'answers that took over 100 ms'.padEnd(32)}   ${'pauses of players'.padEnd(32)}${column('absent')}   reaction of the fleet`,
    `  ${''.padEnd(15)}${column('')}   ${heads}   ${heads}${column('')}`,
    ...cases.flatMap(rowOf),
    '',
    ...violations.map((violation) => `  ! ${violation}`),
    ok ? `PASS  (seed ${seed})` : `FAIL  (seed ${seed}; logs in ${logs})`,
  ].join('\n');
}

function rowOf({ name, cuts, waits, pauses, absent, told, violations }: CaseReport): string[] {
  const did = Object.entries(told).map(([what, count]) => `${what} ${count}`);
  return [
    `  ${name.padEnd(15)}${column(cuts)}   ${spread(waits)}   ${spread(pauses)}${column(absent)}   ${did.join(', ') || 'no events'}`,
    ...violations.map((violation) => `    ! ${violation}`),
  ];
}

function spread({ count, p50, p99, max }: Spread): string {
  return column(count) + [p50, p99, max].map((ms) => column(Math.round(ms))).join('');
}

function column(value: string | number): string {
  return String(value).padStart(8);
}
