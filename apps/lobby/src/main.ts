import 'reflect-metadata';
import { runServer } from '#libs/server';
import { LobbyServerModule } from './lobby-server.module.js';

await runServer({
  type: 'lobby',
  module: (settings) => LobbyServerModule.forRoot(settings),
  // Add modules with extensions here: `extensions: [AccountsModule]` (docs/extending.md).
  extensions: [],
});
