import type { OperatorEvent, OperatorEventKind } from './event-sink.js';

/**
 * The severities of operator events, in ascending order. `critical`: players wait or lose a game, now or soon. `warning`: the fleet repairs
 * the problem itself, or an operator should examine it on the next working day. `info`: normal operation.
 */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

const OF_KIND = {
  'server.registered': 'info',
  'server.state': 'info',
  'server.left': 'info',
  'server.suspect': 'warning',
  'server.unheard': 'warning',
  'server.heard': 'info',
  'server.unreachable': 'warning',
  'server.reachable': 'info',
  'server.clock-wrong': 'warning',
  'server.clock-right': 'info',
  'server.evicted': 'critical',
  'server.cordoned': 'info',
  'server.uncordoned': 'info',
  'server.drained': 'info',
  'store.policy-wrong': 'critical',
  'store.policy-right': 'info',
  'eviction.held': 'critical',
  'players.redirected': 'warning',
  'health.void': 'warning',
  'recovery.started': 'warning',
  'recovery.done': 'info',
  'room.started': 'info',
  'room.ended': 'info',
  'room.moved': 'info',
  'room.recovered': 'info',
  'room.dropped': 'warning',
  'room.given-up': 'critical',
} as const satisfies Record<OperatorEventKind, Severity>;

/** Reasons of an eviction that an operator or the server itself intended. */
const INTENDED: ReadonlySet<string> = new Set(['left', 'operator']);

export function severityOf({ kind, reason }: Pick<OperatorEvent, 'kind' | 'reason'>): Severity {
  if (kind === 'server.evicted' && INTENDED.has(reason)) return 'info';
  if (kind === 'room.ended' && reason === 'game-failed') return 'warning';
  // A server of a later build can publish kinds that this build does not know. These kinds count as `info`.
  return OF_KIND[kind] ?? 'info';
}

/** Returns whether `severity` is at least `least`. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}
