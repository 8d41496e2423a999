import 'reflect-metadata';
import { serveApiDocs } from '#libs/admin';
import { runServer } from '#libs/server';
import { LobbyServerModule } from './lobby-server.module.js';
import { SERVICE_API } from './service/service-api.js';

await runServer({
  type: 'lobby',
  module: (settings) => LobbyServerModule.forRoot(settings),
  // Add modules with extensions here: `extensions: [AccountsModule]` (docs/extending.md).
  extensions: [],
  prepare(app, { service }) {
    if (service.token !== null) serveApiDocs(app, SERVICE_API, service.token);
  },
});
