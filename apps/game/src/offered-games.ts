import type { OfferedGame, OfferedGames } from '#libs/fleet';
import type { RoomRules } from '#libs/room';

/** Returns the games for the record of this server, by name. */
export function offeredGames(all: readonly RoomRules[]): OfferedGames {
  return Object.fromEntries(
    all.map(({ definition: { name, version, seats, joinable, seatGraceMs, match }, migrateState, options, load }) => {
      const oldestVersion = migrateState ? Math.max(1, version - VERSIONS_BACK_MAX) : version;
      return [
        name,
        {
          version,
          oldestVersion,
          seats,
          ...(options && { options: true as const }),
          ...(joinable && { joinable: { seatGraceMs } }),
          ...(load && { loadMs: load.timeoutMs }),
          ...(match && { match }),
        },
      ];
    }),
  );
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
