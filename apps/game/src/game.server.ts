import { Self } from '#libs/fleet';
import { GameRegistry } from '#libs/game-kit';
import { PlacementPool } from '#libs/placement';
import { Auditor, EndedGames, Mover } from '#libs/room-host';
import type { ServerPlan } from '#libs/server';
import { HandlerGuard, Watchdog } from '#libs/watchdog';
import { GameServerModule } from './game-server.module.js';
import { offeredGames } from './offered-games.js';
import { PlacementReports } from './placement-reports.js';

export const gameServer: ServerPlan<'game'> = {
  /** A listener of the process's own would take the signal by which the watchdog interrupts a handler. */
  onInterrupt(app, listener) {
    const guard = app.get(HandlerGuard);
    if (!(guard instanceof Watchdog)) return false;
    guard.onInterrupt(listener);
    return true;
  },
  type: 'game',
  module: (settings) => GameServerModule.forRoot(settings),
  games: (app) => offeredGames(app.get(GameRegistry).all()),
  /** Others wait with adoptions until this server, too, has said that it knows the store. */
  async open(app) {
    await app.get(Auditor).audit('registered');
    return {};
  },
  async ready(app) {
    await app.get(PlacementReports).report();
  },
  /** Its games go on elsewhere; what cannot be moved in time is recovered by others once it has left. */
  async drain(app, settings) {
    const { id, incarnation } = app.get(Self);
    await app.get(PlacementPool).withhold(id, 'draining', incarnation);
    await app.get(Mover).drain(settings.game.drainTimeoutMs, 'leaving');
    await app.get(EndedGames).untilDurable();
  },
};
