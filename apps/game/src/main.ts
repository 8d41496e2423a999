import { startGameServer } from '#libs/server-kit';
import { GAMES } from './games.js';

// Add modules with extensions here, the same on every server: `extensions: [AccountsModule]` (docs/extending.md).
await startGameServer({ games: GAMES, extensions: [] });
