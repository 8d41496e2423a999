import { startGameServer } from '@holdfast/server';
import { BoatsModule } from './games/boats/boats.module.js';

await startGameServer({ games: [BoatsModule] });
