import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type OfferedGames, Self, ServerDirectory, type ServerRecord, takesVersion } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { Log } from '#libs/telemetry';
import { offeredGames } from './offered-games.js';

/**
 * Warns when another server runs an older version of a game, and this server cannot upgrade states of that version. No game is lost. Rooms
 * of that version are placed only on servers that accept it. Without such a server, these rooms wait.
 */
@Injectable()
export class VersionGaps implements OnApplicationBootstrap {
  /** The games and versions (`game@version`) for which a warning was logged. */
  private readonly warned = new Set<string>();

  constructor(
    private readonly directory: ServerDirectory,
    private readonly registry: GameRegistry,
    private readonly self: Self,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    for (const server of this.directory.byType('game')) this.compare(server);
    this.directory.onChange(({ kind, server }) => {
      if (server.type === 'game' && (kind === 'registered' || kind === 'changed')) this.compare(server);
    });
  }

  private compare({ id, state, games }: ServerRecord): void {
    if (id === this.self.id || state === 'dead') return;
    for (const { game, version, olderVersion } of versionGaps(offeredGames(this.registry.all()), games)) {
      if (this.warned.has(`${game}@${olderVersion}`)) continue;
      this.warned.add(`${game}@${olderVersion}`);
      this.log.warn('game.cannot-migrate', {
        game,
        version,
        olderVersion,
        target: id,
        check: `rooms of version ${olderVersion} cannot run here: add migrateState(state, fromVersion) to the game, or keep a server of version ${olderVersion} until its rooms have ended`,
      });
    }
  }
}

export interface VersionGap {
  readonly game: string;
  readonly version: number;
  readonly olderVersion: number;
}

/** Returns the games with a gap: a server in `others` runs an older version whose rooms `own` cannot accept. */
export function versionGaps(own: OfferedGames, others: OfferedGames): VersionGap[] {
  return Object.entries(own).flatMap(([game, offered]) => {
    const olderVersion = Object.hasOwn(others, game) ? others[game]!.version : offered.version;
    const isGap = olderVersion < offered.version && !takesVersion(offered, olderVersion);
    return isGap ? [{ game, version: offered.version, olderVersion }] : [];
  });
}
