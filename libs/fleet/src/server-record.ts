import { SERVER_TYPES, type ServerId, type ServerType } from '#libs/protocol';
import type { OfferedGames } from './fleet.options.js';

/** `dead` is for ever: the incarnation was condemned, and its process, should it wake, registers as another. */
export const SERVER_STATES = ['starting', 'ready', 'draining', 'dead'] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export interface ServerAddresses {
  readonly linkHost: string;
  readonly linkPort: number;
  readonly opsHost: string;
  readonly opsPort: number;
}

/** A server as its hash in Redis says, at the time it was read. */
export interface ServerRecord extends ServerAddresses {
  readonly id: ServerId;
  readonly type: ServerType;
  readonly name: string;
  readonly incarnation: number;
  readonly state: ServerState;
  /** Redis' time in ms: when the process first registered, and when it (last) wrote its record. */
  readonly startedAt: number;
  readonly registeredAt: number;
  readonly build: string;
  /** Where it stands; '': of no region. */
  readonly region: string;
  /** Takes only rooms that ask for its build. */
  readonly canary: boolean;
  readonly games: OfferedGames;
  /** What it had at its last health answer. */
  readonly check: 'testing' | 'update' | null;
  readonly rooms: number;
  readonly players: number;
  readonly capacity: number;
  readonly lagMs: number;
  /** By how much its wall clock is ahead of the store's, in ms; negative: behind. Null: it has not said so. */
  readonly clockOffsetMs: number | null;
  /** Health checks missed in a row; above 0 the server gets no new rooms. */
  readonly suspect: number;
  /** It answers on its link but not through Redis. */
  readonly unheard: boolean;
  readonly cordoned: boolean;
  /** It says when it has compared what it holds with a store that was restarted; false: a version that does not. */
  readonly marksStore: boolean;
  /** Why and when (Redis' time in ms) it was declared dead. */
  readonly deadReason: string | null;
  readonly deadAt: number | null;
  /** When everything its end asked for had been done; null: that is still under way. */
  readonly settledAt: number | null;
}

/** Null for an empty hash, or one that is no server's (a field written to a record that had just been removed). */
export function toServerRecord(id: string, fields: Readonly<Record<string, string>>): ServerRecord | null {
  const type = fields.type as ServerType;
  const state = fields.state as ServerState;
  const incarnation = number(fields.incarnation);
  if (!SERVER_TYPES.includes(type) || !SERVER_STATES.includes(state) || incarnation === 0) return null;
  return {
    id: id as ServerId,
    type,
    name: fields.name ?? '',
    incarnation,
    state,
    linkHost: fields.linkHost ?? '',
    linkPort: number(fields.linkPort),
    opsHost: fields.opsHost ?? '',
    opsPort: number(fields.opsPort),
    startedAt: number(fields.startedAt),
    registeredAt: number(fields.registeredAt),
    build: fields.build ?? '',
    region: fields.region ?? '',
    canary: fields.canary === '1',
    games: gamesOf(fields.games),
    check: fields.check === 'testing' || fields.check === 'update' ? fields.check : null,
    rooms: number(fields.rooms),
    players: number(fields.players),
    capacity: number(fields.capacity),
    lagMs: number(fields.lagMs),
    clockOffsetMs: fields.clockOffsetMs === undefined ? null : number(fields.clockOffsetMs),
    suspect: number(fields.suspect),
    unheard: fields.unheard === '1',
    cordoned: fields.cordoned === '1',
    marksStore: fields.marksStore === '1',
    deadReason: fields.deadReason ?? null,
    deadAt: fields.deadAt === undefined ? null : number(fields.deadAt),
    settledAt: fields.settledAt === undefined ? null : number(fields.settledAt),
  };
}

function number(text: string | undefined): number {
  const value = Number(text);
  return Number.isFinite(value) ? value : 0;
}

/** A foreign program's mistake must not blind the fleet to the rest of its record. */
function gamesOf(json: string | undefined): OfferedGames {
  if (!json) return {};
  try {
    const games: unknown = JSON.parse(json);
    return typeof games === 'object' && games !== null && !Array.isArray(games) ? (games as OfferedGames) : {};
  } catch {
    return {};
  }
}
