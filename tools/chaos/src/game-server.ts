import 'reflect-metadata';
import { runServer, type ServerPlan } from '#libs/server';
import { gameServer } from '../../../apps/game/src/game.server.js';
import { blockLoop } from './block-loop.js';
import { ChainGameModule } from './chain-game.js';

/** A game server as any other, with one game more. */
const plan: ServerPlan<'game'> = {
  ...gameServer,
  module: (settings) => {
    const { imports = [], ...rest } = gameServer.module(settings);
    return { ...rest, imports: [...imports, ChainGameModule] };
  },
};

process.on('SIGUSR2', blockLoop);
await runServer(plan);
