// src/gateway.ts: the connections of players
import { startGateway } from '@holdfast/server';
import { ModerationModule } from './moderation.module.js';

await startGateway({ pages: './dist/page', extensions: [ModerationModule] });
