import { startGameServer } from '#libs/server-kit';
import { GAMES } from './games.js';

// Add modules with extensions here: `extensions: [AccountsModule]`. All game servers need the same modules (docs/extending.md).
await startGameServer({ games: GAMES, extensions: [] });
