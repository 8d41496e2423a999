import 'reflect-metadata';
import { runServer, type ServerPlan } from '#libs/server';
import { gameServer } from '../../../apps/game/src/game.server.js';
import { BankGameModule } from './bank-game.js';
import { blockLoop } from './block-loop.js';
import { ChainGameModule } from './chain-game.js';

/** The normal game server, with the games of this tool added. */
const plan: ServerPlan<'game'> = {
  ...gameServer,
  module: (settings) => {
    const { imports = [], ...rest } = gameServer.module(settings);
    return { ...rest, imports: [...imports, ChainGameModule, BankGameModule] };
  },
};

process.on('SIGUSR2', blockLoop);
await runServer(plan);
