import { startGameServer } from '#libs/server-kit';
import { GAMES } from '../../../apps/game/src/games.js';
import { ChainGameModule } from '../../chaos/src/chain-game.js';
import { PoisonGameModule } from './poison-game.js';

// A game server with two more games: the checked game, which runs in rooms without hostile code, and the hostile game.
await startGameServer({ games: [...GAMES, ChainGameModule, PoisonGameModule] });
