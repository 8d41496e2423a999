import type { JsonSchema, MatchRules, ServerType, TeamRules } from '#libs/protocol';
import { redisName } from '#libs/redis';

/** A game that a game server can run, as its record states it. */
export interface OfferedGame {
  readonly version: number;
  /**
   * The oldest version of a room that this server can continue. Absent: the server does not say, so every older version is assumed to be
   * accepted.
   */
  readonly oldestVersion?: number;
  /** The lowest and highest number of players. */
  readonly seats: { readonly min: number; readonly max: number };
  /** True: rooms of this game may have options. Absent: they may not have options. */
  readonly options?: true;
  /**
   * Set when players may join running games. `seatGraceMs`: time for which a running game keeps the seat of an absent player, in ms.
   * Absent: players may not join running games.
   */
  readonly joinable?: { readonly seatGraceMs: number };
  /**
   * The format in which the server stores rooms of this game, if it is a format above 2. Absent: format 2 or lower, which servers of every
   * version can read.
   */
  readonly format?: number;
  /** Time for which the game may load data before it begins, in ms (`@OnLoad`). Absent: the game loads nothing. */
  readonly loadMs?: number;
  /** The JSON Schema of the options. Absent: the schema library cannot describe the options, or the description is too long. */
  readonly optionsSchema?: JsonSchema;
  /** The teams of a room that is created without `teams`. */
  readonly teams?: TeamRules;
  /** True: the server passes teams to the game. Absent: its version does not know teams. */
  readonly supportsTeams?: true;
  /** True: the server can show the game to spectators with a delay. Absent: its version cannot delay the game for them. */
  readonly supportsWatchDelay?: true;
  /** True: the game has code that plays bots, and the server begins a game with bots. */
  readonly bots?: true;
  /** The rules by which matchmaking finds the players of a match. Absent: the default rules. */
  readonly match?: MatchRules;
}
export type OfferedGames = Readonly<Record<string, OfferedGame>>;

/** Returns whether a server that offers the game as `offered` describes can continue a room of version `gameVersion`. */
export function takesVersion(offered: OfferedGame | undefined, gameVersion: number): boolean {
  return offered !== undefined && offered.version >= gameVersion && (offered.oldestVersion ?? 0) <= gameVersion;
}

/** Describes versions for an error message: `hf:game:2 has version 3 (rooms from version 2 on)`. */
export function describeVersions(servers: readonly { readonly id: string; readonly games: OfferedGames }[], game: string): string {
  const all = servers.filter(({ games }) => Object.hasOwn(games, game));
  const shown = all.slice(0, DESCRIBED_MAX).map(({ id, games }) => {
    const { version, oldestVersion = version } = games[game]!;
    return `${id} has version ${version}${oldestVersion < version ? ` (rooms from version ${oldestVersion} on)` : ''}`;
  });
  if (all.length > DESCRIBED_MAX) shown.push(`and ${all.length - DESCRIBED_MAX} more`);
  return shown.length > 0 ? shown.join(', ') : 'no server has this game';
}

const DESCRIBED_MAX = 5;

export interface FleetOptions {
  readonly type: ServerType;
  /**
   * The last part of the server's id. Each living process needs its own name: a newer process with the same name replaces the older one.
   */
  readonly name: string;
  /** The games that this server can run, if they are known when the module is configured. Otherwise pass the games to `register`. */
  readonly games?: OfferedGames;
  /** The build of this server, for rolling deploys. */
  readonly build?: string;
  /** The region of this server, for placement. Absent: no region. */
  readonly region?: string | null;
  /** True: the server takes only rooms that ask for its build. */
  readonly canary?: boolean;
}

export const FLEET_OPTIONS = Symbol('FleetOptions');

export const serversKey = (): string => redisName('servers');
export const fleetChannel = (): string => redisName('fleet');
export const operatorEventsChannel = (): string => redisName('events');

/** Interval at which a server reads its own record, in ms. A short interval, so that the server soon notices the loss of its record. */
export const OWN_RECORD_POLL_MS = 500;
/**
 * Interval at which a server reads all records, in ms. It reads them because messages may be lost. In a large fleet the interval is longer
 * (`POLL_MS_PER_SERVER`).
 */
export const POLL_MS = 1_000;
/** The poll interval is at least this long for each known server, in ms. So a process polls at most 100 records a second. */
export const POLL_MS_PER_SERVER = 10;
/** Poll interval before the first result, in ms. It is short, because a process knows no other server before its first poll. */
export const FIRST_POLL_MS = 100;
/**
 * Time for which the directory keeps a server without a record, in ms. The server may write its record again, for example after an operator
 * deleted it.
 */
export const MISSING_RETENTION_MS = 5_000;
/** Time without a record, in ms, after which the directory also removes the id from `hf:servers`. */
export const MISSING_LISTED_MS = 60_000;
/** TTL in ms of the mark that a server has left by itself. Every process notices the closed links of that server sooner. */
export const LEFT_KEPT_MS = 60_000;
