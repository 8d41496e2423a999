import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { PlacementPool } from '#libs/placement';
import { Auditor, EndedGames, RoomMigrator } from '#libs/room-host';
import type { AppModule, ServerPlan } from '#libs/server';
import { HandlerGuard, Watchdog } from '#libs/watchdog';
import type { ServerOptions } from '../server-options.js';
import { GameServerModule } from './game-server.module.js';
import { offeredGames } from './offered-games.js';
import { PlacementReports } from './placement-reports.js';

/** The games and extensions that an application adds to a game server. */
export interface GameServerOptions extends ServerOptions {
  /** The Nest modules of the games that the server offers. Each has one class with `@Game` among its providers. */
  readonly games: readonly AppModule[];
}

/** Returns the parts that `runServer` needs to run a game server. */
export function gameServerPlan({ games, extensions }: GameServerOptions): ServerPlan<'game'> {
  return {
    type: 'game',
    module: (settings) => GameServerModule.forRoot(settings, games),
    extensions,
    /**
     * Registers a listener for SIGINT at the watchdog, because the watchdog itself interrupts handlers with SIGINT. A listener of the
     * process would also receive these interrupts. Returns false when no watchdog runs.
     */
    onInterrupt(app, listener) {
      const guard = app.get(HandlerGuard);
      if (!(guard instanceof Watchdog)) return false;
      guard.onInterrupt(listener);
      return true;
    },
    games: (app) => offeredGames(app.get(GameRegistry).all()),
    /** Compares the rooms of this server with Redis. Other servers adopt no rooms until this server has done so. */
    async open(app) {
      await app.get(Auditor).audit('registered');
      return {};
    },
    async ready(app) {
      await app.get(PlacementReports).report();
    },
    /** Migrates all rooms to other servers. Rooms that cannot be migrated in time are recovered after this server has left. */
    async drain(app, settings) {
      const { id, incarnation } = app.get(Self);
      await app.get(PlacementPool).withhold(id, 'draining', incarnation);
      await app.get(RoomMigrator).drain(settings.game.drainTimeoutMs, 'leaving');
      await app.get(EndedGames).untilDurable();
    },
  };
}
