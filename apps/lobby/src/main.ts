import { startLobby } from '#libs/server-kit';

// Add modules with extensions here: `extensions: [AccountsModule]` (docs/extending.md).
await startLobby({ extensions: [] });
