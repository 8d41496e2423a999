import 'reflect-metadata';
import { runServer } from '#libs/server';
import { gameServer } from './game.server.js';

// Add modules with extensions here, the same on every server: `extensions: [AccountsModule]` (docs/extending.md).
await runServer({ ...gameServer, extensions: [] });
