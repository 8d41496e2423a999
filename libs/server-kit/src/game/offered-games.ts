import type { OfferedGame, OfferedGames } from '#libs/fleet';
import type { RoomRules } from '#libs/room';
import { logFormatOf } from '#libs/room-store';

/** Returns the games for the record of this server, by name. */
export function offeredGames(all: readonly RoomRules[]): OfferedGames {
  return Object.fromEntries(all.map((rules) => [rules.definition.name, offeredGame(rules)]));
}

function offeredGame({ definition, migrateState, options, optionsSchema, load }: RoomRules): OfferedGame {
  const { version, seats, joinable, seatGraceMs, teams, bots, match } = definition;
  const format = logFormatOf(definition);
  const isDescribed = optionsSchema && JSON.stringify(optionsSchema).length <= OPTIONS_SCHEMA_CHARACTERS_MAX;
  return {
    version,
    oldestVersion: migrateState ? Math.max(1, version - VERSIONS_BACK_MAX) : version,
    seats,
    supportsTeams: true,
    supportsWatchDelay: true,
    ...(options && { options: true as const }),
    ...(isDescribed && { optionsSchema }),
    ...(joinable && { joinable: { seatGraceMs } }),
    ...(teams && { teams }),
    ...(format > 2 && { format }),
    ...(load && { loadMs: load.timeoutMs }),
    ...(bots && { bots }),
    ...(match && { match }),
  };
}

/**
 * Returns the versions of rooms that the server accepts, the newest first: its own, and earlier ones from which the game can migrate a
 * state.
 */
export function versionsTaken({ version, oldestVersion = version }: OfferedGame): number[] {
  return Array.from({ length: version - oldestVersion + 1 }, (_, back) => version - back);
}

/** Maximum number of earlier versions that a server accepts. A room lives for hours, so no room has an older version. */
const VERSIONS_BACK_MAX = 16;
/** Maximum length of a described schema, in characters of JSON. Every server reads the record of this server, so it must be small. */
const OPTIONS_SCHEMA_CHARACTERS_MAX = 8_192;
