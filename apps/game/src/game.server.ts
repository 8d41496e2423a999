import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { PlacementPool } from '#libs/placement';
import { Auditor, EndedGames, RoomMigrator } from '#libs/room-host';
import type { ServerPlan } from '#libs/server';
import { HandlerGuard, Watchdog } from '#libs/watchdog';
import { GameServerModule } from './game-server.module.js';
import { offeredGames } from './offered-games.js';
import { PlacementReports } from './placement-reports.js';

export const gameServer: ServerPlan<'game'> = {
  /** The watchdog interrupts handlers with SIGINT, and a listener of the process would take that signal. */
  onInterrupt(app, listener) {
    const guard = app.get(HandlerGuard);
    if (!(guard instanceof Watchdog)) return false;
    guard.onInterrupt(listener);
    return true;
  },
  type: 'game',
  module: (settings) => GameServerModule.forRoot(settings),
  games: (app) => offeredGames(app.get(GameRegistry).all()),
  /** Other servers wait with adoptions until this server, too, has compared its rooms with Redis. */
  async open(app) {
    await app.get(Auditor).audit('registered');
    return {};
  },
  async ready(app) {
    await app.get(PlacementReports).report();
  },
  /** Its games continue on other servers. Rooms that cannot be migrated in time are recovered after this server has left. */
  async drain(app, settings) {
    const { id, incarnation } = app.get(Self);
    await app.get(PlacementPool).withhold(id, 'draining', incarnation);
    await app.get(RoomMigrator).drain(settings.game.drainTimeoutMs, 'leaving');
    await app.get(EndedGames).untilDurable();
  },
};
