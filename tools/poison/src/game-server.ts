import 'reflect-metadata';
import { runServer, type ServerPlan } from '#libs/server';
import { gameServer } from '../../../apps/game/src/game.server.js';
import { ChainGameModule } from '../../chaos/src/chain-game.js';
import { PoisonGameModule } from './poison-game.js';

/** A normal game server with two more games: the checked game of the innocent rooms, and the hostile one. */
const plan: ServerPlan<'game'> = {
  ...gameServer,
  module: (settings) => {
    const { imports = [], ...rest } = gameServer.module(settings);
    return { ...rest, imports: [...imports, ChainGameModule, PoisonGameModule] };
  },
};

await runServer(plan);
