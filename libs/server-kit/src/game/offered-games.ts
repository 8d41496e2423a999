import type { OfferedGame, OfferedGames } from '#libs/fleet';
import type { RoomRules } from '#libs/room';
import { logFormatOf } from '#libs/room-store';

/** Returns the description of each game for the record of this server, by the name of the game. */
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
 * Returns the game versions whose rooms the server accepts, newest first: the version of this server's game, and the earlier versions whose
 * states the game can upgrade.
 */
export function versionsTaken({ version, oldestVersion = version }: OfferedGame): number[] {
  return Array.from({ length: version - oldestVersion + 1 }, (_, back) => version - back);
}

/**
 * Maximum number of earlier versions from which a server accepts rooms. Rooms of still older versions are not expected, because rooms live
 * only for hours.
 */
const VERSIONS_BACK_MAX = 16;
/**
 * Maximum length of the JSON Schema of a game's options, in characters. The server's record does not contain a longer schema, because every
 * server reads that record.
 */
const OPTIONS_SCHEMA_CHARACTERS_MAX = 8_192;
