import type { Type } from '@nestjs/common';
import type { ServerType } from '#libs/protocol';
import type { EventSink } from './event-sink.js';

/** What a game server says of one game it can run. */
export interface OfferedGame {
  readonly version: number;
  /** The oldest version of a room that this server can go on with; absent: it does not say so. */
  readonly oldestVersion?: number;
  /** Fewest and most players. */
  readonly seats: { readonly min: number; readonly max: number };
}
export type OfferedGames = Readonly<Record<string, OfferedGame>>;

/** Whether a server that offers this can go on with a room of that version of the game. */
export function takesVersion(offered: OfferedGame | undefined, gameVersion: number): boolean {
  return offered !== undefined && offered.version >= gameVersion && (offered.oldestVersion ?? 0) <= gameVersion;
}

/** For a message: `hf:game:2 has version 3 (rooms from version 2 on)`. */
export function describeVersions(servers: readonly { readonly id: string; readonly games: OfferedGames }[], game: string): string {
  const all = servers.filter(({ games }) => Object.hasOwn(games, game));
  const shown = all.slice(0, DESCRIBED_MAX).map(({ id, games }) => {
    const { version, oldestVersion = version } = games[game];
    return `${id} has version ${version}${oldestVersion < version ? ` (rooms from version ${oldestVersion} on)` : ''}`;
  });
  if (all.length > DESCRIBED_MAX) shown.push(`and ${all.length - DESCRIBED_MAX} more`);
  return shown.length > 0 ? shown.join(', ') : 'no server has this game';
}

const DESCRIBED_MAX = 5;

export interface FleetOptions {
  readonly type: ServerType;
  /** The last part of the server's id; one living process a name. */
  readonly name: string;
  /** The games this server can run, where that is known before it starts; else given to `register`. */
  readonly games?: OfferedGames;
  /** Which build runs, for rolling deploys. */
  readonly build?: string;
  /** Where it stands, for placement; none: it is of no region. */
  readonly region?: string | null;
  /** Takes only rooms that ask for its build. */
  readonly canary?: boolean;
  /** Who is told what happens to servers and rooms; else all gateways are, through Redis. */
  readonly eventSink?: Type<EventSink>;
}

export const FLEET_OPTIONS = Symbol('FleetOptions');

export const SERVERS_KEY = 'hf:servers';
export const FLEET_CHANNEL = 'hf:fleet';
export const HAPPENINGS_CHANNEL = 'hf:events';

/** A server looks this often whether its record still stands: half a check's interval, so that a lost registry heals within two. */
export const OWN_RECORD_LOOK_MS = 500;
/** Messages are hints and may be lost; a view is never older than this … */
export const POLL_MS = 1_000;
/** … in a small fleet. In a large one a process reads at most 1000 / this records a second, or polls would outweigh the work. */
export const POLL_MS_PER_SERVER = 10;
/** Before the first view there is nobody to talk to: ask more often. */
export const FIRST_POLL_MS = 100;
/** A record that is gone without a word may be back at once (a registry deleted by hand); its server stays in view this long. */
export const MISSING_KEPT_MS = 5_000;
/** After this long without a record even the id is taken off `hf:servers`. */
export const MISSING_LISTED_MS = 60_000;
/** How long it stays known that a server left by itself: longer than anybody takes to hear of its closed links. */
export const LEFT_KEPT_MS = 60_000;
