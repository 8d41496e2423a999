import type { OfferedGame, OfferedGames } from '#libs/fleet';
import type { RoomRules } from '#libs/room';

/** The server publishes this about its games in its fleet record. */
export function offeredGames(all: readonly RoomRules[]): OfferedGames {
  return Object.fromEntries(
    all.map(({ definition: { name, version, seats }, migrateState }) => {
      const oldestVersion = migrateState ? Math.max(1, version - VERSIONS_BACK_MAX) : version;
      return [name, { version, oldestVersion, seats }];
    }),
  );
}

/** The versions of rooms that it takes: its own, and those before it that the game can migrate. */
export function versionsTaken({ version, oldestVersion = version }: OfferedGame): number[] {
  return Array.from({ length: version - oldestVersion + 1 }, (_, back) => version - back);
}

/** A room lives for hours; versions further back than this have none any more. */
const VERSIONS_BACK_MAX = 16;
