import type { AuditAnswer, PlayersAnswer, SanctionsAnswer } from '#libs/admin';
import { ageOf, shortId, table } from './tables.js';

/** Formats players for a terminal. `now`: ms since 1970, as in all functions here. */
export function playersTable({ players, next, total, matched, missing }: PlayersAnswer, now: number): string {
  const rows = players.map((player) => [
    player.user,
    player.name,
    shortId(player.gateway),
    player.connected ? `${player.transport} ${player.address}` : 'no connection',
    ageOf(player.since, now),
    player.room === null ? (player.searching ? 'searches a match' : '') : `${player.room}${player.watching ? ' (watches)' : ''}`,
  ]);
  const shown = players.length === 0 ? 'No matching players' : table(['USER', 'NAME', 'GATEWAY', 'CONNECTION', 'SINCE', 'ROOM'], rows);
  const silent = missing.length > 0 ? ` No answer from ${missing.map(shortId).join(', ')}.` : '';
  return `${shown}\n\n${matched} of ${total} sessions.${silent}${more(next)}`;
}

export function sanctionsTable({ sanctions, next, total }: SanctionsAnswer, now: number): string {
  const rows = sanctions.map(({ user, at, until, by, note }) => [
    user,
    `${ageOf(at, now)} ago`,
    until === null ? 'until lifted' : `${ageOf(now, until)} left`,
    by,
    note ?? '',
  ]);
  const shown = sanctions.length === 0 ? 'Nobody' : table(['USER', 'BEGAN', 'END', 'BY', 'NOTE'], rows);
  return `${shown}\n\n${total} in all.${more(next)}`;
}

export function auditTable({ acts, next }: AuditAnswer, now: number): string {
  if (acts.length === 0) return 'No matching acts.';
  const rows = acts.map(({ at, actor, act, target, outcome, code, note, result }) => [
    `${ageOf(at, now)} ago`,
    actor,
    act,
    shortId(target),
    code === null ? outcome : `${outcome}: ${code}`,
    result === null ? '' : JSON.stringify(result),
    note ?? '',
  ]);
  const shown = table(['WHEN', 'WHO', 'ACT', 'TARGET', 'OUTCOME', 'RESULT', 'NOTE'], rows);
  return next === null ? shown : `${shown}\n\n${more(next).trim()}`;
}

function more(next: string | null): string {
  return next === null ? '' : ` More: --after '${next}'`;
}
