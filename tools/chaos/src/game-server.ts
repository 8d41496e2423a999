import { startGameServer } from '#libs/server-kit';
import { GAMES } from '../../../apps/game/src/games.js';
import { BankGameModule } from './bank-game.js';
import { blockLoop } from './block-loop.js';
import { ChainGameModule } from './chain-game.js';

process.on('SIGUSR2', blockLoop);
await startGameServer({ games: [...GAMES, ChainGameModule, BankGameModule] });
