import { startGameServer } from '#libs/server-kit';
import { GAMES } from '../../../apps/game/src/games.js';
import { ChainGameModule } from '../../chaos/src/chain-game.js';
import { PoisonGameModule } from './poison-game.js';

// A normal game server with two more games: the checked game of the innocent rooms, and the hostile one.
await startGameServer({ games: [...GAMES, ChainGameModule, PoisonGameModule] });
