import { startGameServer } from '@holdfast/server';
import { CountdownModule } from './games/countdown/countdown.module.js';

await startGameServer({ games: [CountdownModule] });
