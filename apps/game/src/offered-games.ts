import type { OfferedGame, OfferedGames } from '#libs/fleet';
import type { RoomRules } from '#libs/room';

/** The games in the fleet record of this server. */
export function offeredGames(all: readonly RoomRules[]): OfferedGames {
  return Object.fromEntries(
    all.map(({ definition: { name, version, seats }, migrateState, options }) => {
      const oldestVersion = migrateState ? Math.max(1, version - VERSIONS_BACK_MAX) : version;
      return [name, { version, oldestVersion, seats, ...(options && { options: true as const }) }];
    }),
  );
}

/** The versions of rooms that the server accepts: its own, and earlier ones from which the game can migrate a state. */
export function versionsTaken({ version, oldestVersion = version }: OfferedGame): number[] {
  return Array.from({ length: version - oldestVersion + 1 }, (_, back) => version - back);
}

/** A room lives for hours, so no room has a version older than this. */
const VERSIONS_BACK_MAX = 16;
