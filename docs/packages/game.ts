// src/game.ts: the owner of rooms
import { startGameServer } from '@holdfast/server';
import { ModerationModule } from './moderation.module.js';
import { TicTacToeModule } from './tic-tac-toe.js';

await startGameServer({ games: [TicTacToeModule], extensions: [ModerationModule] });
