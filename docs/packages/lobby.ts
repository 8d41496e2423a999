// src/lobby.ts: requests of players about rooms and matches
import { startLobby } from '@holdfast/server';
import { ModerationModule } from './moderation.module.js';

await startLobby({ extensions: [ModerationModule] });
