import { isAtLeast, type PublishedOperatorEvent, type Severity, severityOf } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';

/**
 * One incident of one server, from the first suspicion through the verdict to the recovery of its rooms. The incident ends when the server
 * is healthy again, or when all its rooms are recovered.
 */
export interface Incident {
  readonly server: ServerId;
  readonly incarnation: number;
  /**
   * `suspected`: there is no verdict yet. `healed`: the server became healthy again before a verdict. `restarted`: the server left, or
   * registered again, before a verdict. `evicted`: the server was declared dead.
   */
  readonly outcome: 'suspected' | 'healed' | 'restarted' | 'evicted';
  /** The reasons of the incident's events, in the order of the events and without repeats. */
  readonly reasons: readonly string[];
  readonly severity: Severity;
  /**
   * Store time in ms since 1970, as in all fields whose names end with `At`. Before a missed check, the last time at which the server was
   * known to be alive.
   */
  readonly beganAt: number;
  readonly evictedAt: number | null;
  /** The time at which the incident ended. Null: the incident has not ended. */
  readonly endedAt: number | null;
  /** Number of rooms of the server that other servers had to adopt. */
  readonly rooms: number;
  /**
   * Time in ms from the beginning of the incident until all rooms were recovered: no player waited longer. Null: no room had to wait,
   * or some rooms still wait.
   */
  readonly pauseMs: number | null;
  /** The time at which a new incarnation of the server registered. Null: no new incarnation has registered. */
  readonly returnedAt: number | null;
}

type Draft = { -readonly [Field in keyof Incident]: Incident[Field] } & { reasons: string[] };

/** Kinds of events that begin an incident. A recovery begins an incident when the server restarted before a gateway suspected it. */
const BEGINS: ReadonlySet<string> = new Set([
  'server.suspect',
  'server.unheard',
  'server.unreachable',
  'eviction.held',
  'server.evicted',
  'recovery.started',
]);
const HEALS: ReadonlySet<string> = new Set(['server.heard', 'server.reachable']);

/**
 * Groups events into incidents, newest first. An eviction by an operator, or after the server left by itself, is not an incident.
 *
 * @param events events of servers, oldest first
 */
export function incidentsOf(events: readonly PublishedOperatorEvent[]): Incident[] {
  const all: Draft[] = [];
  const open = new Map<string, Draft>();
  /** Incarnations that left, or that an operator evicted. The recovery of their rooms is not an incident. */
  const intended = new Set<string>();
  for (const event of events) {
    const { kind, server, at } = event;
    if (server === undefined) continue;
    if (kind === 'server.registered') for (const incident of all) noteReturn(incident, event);
    const key = `${server} ${event.incarnation ?? 0}`;
    const incident = open.get(key);
    if (incident) apply(incident, event);
    else if (!isAtLeast(severityOf(event), 'warning')) {
      if (kind === 'server.evicted' || kind === 'server.left') intended.add(key);
    } else if (BEGINS.has(kind) && !intended.has(key)) {
      const begun = begin(server, event);
      apply(begun, event);
      all.push(begun);
      open.set(key, begun);
    }
    // If a healed server becomes suspect again, a new incident begins. An evicted server keeps its incident, because the recovery of its
    // rooms follows.
    if (incident?.outcome === 'healed' && incident.endedAt === at) open.delete(key);
  }
  return all.reverse();
}

function begin(server: ServerId, { at, incarnation = 0, detail }: PublishedOperatorEvent): Draft {
  const silentMs = typeof detail?.silentMs === 'number' ? detail.silentMs : 0;
  const times = { beganAt: at - silentMs, evictedAt: null, endedAt: null, pauseMs: null, returnedAt: null };
  return { server, incarnation, outcome: 'suspected', reasons: [], severity: 'warning', rooms: 0, ...times };
}

function apply(incident: Draft, event: PublishedOperatorEvent): void {
  const { kind, reason, at, detail } = event;
  const severity = severityOf(event);
  if (isAtLeast(severity, incident.severity)) incident.severity = severity;
  const isCause = BEGINS.has(kind) && (kind !== 'recovery.started' || incident.reasons.length === 0);
  if (isCause && !incident.reasons.includes(reason)) incident.reasons.push(reason);
  if (kind === 'server.evicted') {
    incident.outcome = 'evicted';
    incident.evictedAt = at;
    // Ends the incident. If the server had rooms, their recovery reopens the incident.
    incident.endedAt = at;
  } else if (HEALS.has(kind) && incident.outcome === 'suspected') {
    incident.outcome = 'healed';
    incident.endedAt = at;
  } else if (kind === 'server.left' && incident.outcome === 'suspected') {
    incident.outcome = 'restarted';
    incident.endedAt = at;
  } else if (kind === 'recovery.started') {
    if (incident.outcome === 'suspected') incident.outcome = 'restarted';
    // A second gateway, which continues the recovery after the first gateway died, counts only the remaining rooms. So the larger of the
    // two numbers is valid.
    incident.rooms = Math.max(incident.rooms, roomsOf(detail));
    incident.endedAt = null;
    incident.pauseMs = null;
  } else if (kind === 'recovery.done' && (incident.endedAt === null || roomsOf(detail) > 0)) {
    incident.rooms = Math.max(incident.rooms, roomsOf(detail));
    incident.endedAt = at;
    incident.pauseMs = incident.rooms > 0 ? at - incident.beganAt : null;
  }
}

function roomsOf(detail: PublishedOperatorEvent['detail']): number {
  return typeof detail?.rooms === 'number' ? detail.rooms : 0;
}

function noteReturn(incident: Draft, { server, incarnation = 0, at }: PublishedOperatorEvent): void {
  if (incident.server !== server || incarnation <= incident.incarnation) return;
  incident.returnedAt ??= at;
  if (incident.outcome !== 'suspected') return;
  incident.outcome = 'restarted';
  // Ends the incident. If the server had rooms, their recovery reopens the incident.
  incident.endedAt = at;
}
