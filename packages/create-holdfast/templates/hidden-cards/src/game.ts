import { startGameServer } from '@holdfast/server';
import { HighCardModule } from './games/high-card/high-card.module.js';

await startGameServer({ games: [HighCardModule] });
