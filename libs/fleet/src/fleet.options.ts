import type { JsonSchema, MatchRules, ServerType, TeamRules } from '#libs/protocol';
import { redisName } from '#libs/redis';

/** A game that a game server can run, as described in the server's record. */
export interface OfferedGame {
  readonly version: number;
  /**
   * The oldest game version whose rooms this server can continue. Undefined: the server can continue the rooms of every older game version.
   */
  readonly oldestVersion?: number;
  /** Minimum and maximum number of players. */
  readonly seats: { readonly min: number; readonly max: number };
  /** True: rooms of this game can have options. Undefined: they cannot have options. */
  readonly options?: true;
  /**
   * Defined if players may join running games. `seatGraceMs`: time for which a running game keeps the seat of a player who is away, in ms.
   */
  readonly joinable?: { readonly seatGraceMs: number };
  /**
   * The format number of stored rooms of this game, if it is above 2. Undefined: format 2 or lower, which servers of every release can
   * read.
   */
  readonly format?: number;
  /** Maximum time for which the game may load data before it begins, in ms (`@OnLoad`). Undefined: the game loads no data. */
  readonly loadMs?: number;
  /** The JSON Schema of the options. Undefined: the schema library cannot describe the options, or the description is too long. */
  readonly optionsSchema?: JsonSchema;
  /** The teams of a room that is created without `teams`. */
  readonly teams?: TeamRules;
  /** True: the server passes teams to the game. Undefined: the server runs an older release, which does not support teams. */
  readonly supportsTeams?: true;
  /** True: the server can delay the game for spectators. Undefined: the server runs an older release, which has no such delay. */
  readonly supportsWatchDelay?: true;
  /** True: the game has code that plays bots, and the server can start a game with bots. */
  readonly bots?: true;
  /** The rules by which matchmaking finds the players of a match. Undefined: the game has no match rules. */
  readonly match?: MatchRules;
}
export type OfferedGames = Readonly<Record<string, OfferedGame>>;

/** Returns whether a server with the game `offered` can continue a room of this game version. */
export function takesVersion(offered: OfferedGame | undefined, gameVersion: number): boolean {
  return offered !== undefined && offered.version >= gameVersion && (offered.oldestVersion ?? 0) <= gameVersion;
}

/** Describes the game versions of servers for an error message: `hf:game:2 has version 3 (rooms from version 2 on)`. */
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
   * The last part of the server's id. Each living process needs its own name, because a newer process with the same name replaces the older
   * process.
   */
  readonly name: string;
  /** The games that this server can run. If the games are not known yet when the module is configured, pass them to `register`. */
  readonly games?: OfferedGames;
  /** The build of this server, for rolling deploys. */
  readonly build?: string;
  /** The region of this server, for placement. Default: no region. */
  readonly region?: string | null;
  /** True: the server takes only rooms that ask for its build. */
  readonly canary?: boolean;
}

export const FLEET_OPTIONS = Symbol('FleetOptions');

export const serversKey = (): string => redisName('servers');
export const fleetChannel = (): string => redisName('fleet');
export const operatorEventsChannel = (): string => redisName('events');

/** Interval at which a server reads its own record, in ms. It is short, so that the server soon notices the loss of its record. */
export const OWN_RECORD_POLL_MS = 500;
/**
 * Interval at which a server reads all records, in ms, because messages about changes can be lost. In a large fleet, the interval is longer
 * (`POLL_MS_PER_SERVER`).
 */
export const POLL_MS = 1_000;
/** Minimum poll interval per known server, in ms. With 10 ms, a process reads at most 100 records per second. */
export const POLL_MS_PER_SERVER = 10;
/** Interval of the polls until the first success, in ms. It is short, because a process knows no other server before the first success. */
export const FIRST_POLL_MS = 100;
/**
 * Time for which the directory keeps a server without a record, in ms. The server can write its record again, for example after an operator
 * deleted the record.
 */
export const MISSING_RETENTION_MS = 5_000;
/** Time without a record, in ms, after which the directory also removes the id from `hf:servers`. */
export const MISSING_LISTED_MS = 60_000;
/** TTL in ms of the mark that a server has left by itself. It is longer than any process needs to notice the closed links of the server. */
export const LEFT_KEPT_MS = 60_000;
