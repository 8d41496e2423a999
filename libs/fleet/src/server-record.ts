import { SERVER_TYPES, type ServerId, type ServerType } from '#libs/protocol';
import type { OfferedGames } from './fleet.options.js';

/** `dead` is final: the incarnation was evicted. If its process still lives, it registers with another incarnation. */
export const SERVER_STATES = ['starting', 'ready', 'draining', 'dead'] as const;
export type ServerState = (typeof SERVER_STATES)[number];

export interface ServerAddresses {
  readonly linkHost: string;
  readonly linkPort: number;
  readonly opsHost: string;
  readonly opsPort: number;
}

/** The hash of a server in Redis at the time of the read. */
export interface ServerRecord extends ServerAddresses {
  readonly id: ServerId;
  readonly type: ServerType;
  readonly name: string;
  readonly incarnation: number;
  readonly state: ServerState;
  /** Store time of the process's first registration, in ms. */
  readonly startedAt: number;
  /** Store time of the process's last registration, in ms. */
  readonly registeredAt: number;
  /** The version of Holdfast that the server runs. Empty string: an old version that does not report its number. */
  readonly version: string;
  readonly build: string;
  /** The region of the server. Empty string: no region. */
  readonly region: string;
  /** True: the server takes only rooms that ask for its build. */
  readonly canary: boolean;
  readonly games: OfferedGames;
  /**
   * The state of the last health check. `testing`: the server has not answered yet. `update`: the server has answered. Null: the server was
   * never checked.
   */
  readonly check: 'testing' | 'update' | null;
  /** Number of rooms. The server writes this field and the next four fields in each answer to a health check. */
  readonly rooms: number;
  readonly players: number;
  readonly capacity: number;
  readonly lagMs: number;
  /**
   * Time by which the server's wall clock is ahead of store time, in ms. Negative: the wall clock is behind. Null: the server has not
   * reported the offset yet.
   */
  readonly clockOffsetMs: number | null;
  /**
   * This field and the next three fields: the load of the process, averaged over some seconds. Null: the server has not answered yet, or is
   * of an earlier build.
   */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly commandsPerSecond: number | null;
  /** 99th percentile of the time from a command to its durable acknowledgement, in ms. Also null when there were no commands. */
  readonly ackP99Ms: number | null;
  /** Number of consecutive missed health checks. Above 0 the server gets no new rooms. */
  readonly suspect: number;
  /** True: the server answers on its link but not through Redis. */
  readonly unheard: boolean;
  readonly cordoned: boolean;
  /** True: the server writes a mark when it has compared its data with a store generation. Servers of older releases write no marks. */
  readonly marksStore: boolean;
  /** The reason of the eviction. Null: the server was not evicted. */
  readonly deadReason: string | null;
  /** Store time in ms of the eviction. Null: the server was not evicted. */
  readonly deadAt: number | null;
  /**
   * Store time in ms at which the cleanup of the dead server was complete. Null: the cleanup is not complete, or the server is not dead.
   */
  readonly settledAt: number | null;
}

/** Parses the hash of a server. Null: the hash is empty or incomplete, for example after a write to one field of a removed record. */
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
    version: fields.version ?? '',
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
    cpuPercent: numberOrNull(fields.cpuPercent),
    memoryBytes: numberOrNull(fields.memoryBytes),
    commandsPerSecond: numberOrNull(fields.commandsPerSecond),
    ackP99Ms: numberOrNull(fields.ackP99Ms),
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

function numberOrNull(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : number(text);
}

/** Parses the offered games. Returns no games for invalid JSON, so that the rest of the record is still readable. */
function gamesOf(json: string | undefined): OfferedGames {
  if (!json) return {};
  try {
    const games: unknown = JSON.parse(json);
    return typeof games === 'object' && games !== null && !Array.isArray(games) ? (games as OfferedGames) : {};
  } catch {
    return {};
  }
}
