import { startGameServer } from '@holdfast/server';
import { TicTacToeModule } from './games/tic-tac-toe/tic-tac-toe.module.js';

await startGameServer({ games: [TicTacToeModule] });
