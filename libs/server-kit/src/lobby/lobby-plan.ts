import { serveApiDocs, TokenCheck } from '#libs/admin';
import type { ServerPlan } from '#libs/server';
import type { ServerOptions } from '../server-options.js';
import { LobbyServerModule } from './lobby-server.module.js';
import { SERVICE_API } from './service/service-api.js';

/** Returns the parts that `runServer` needs to run a lobby. */
export function lobbyPlan({ extensions }: ServerOptions): ServerPlan<'lobby'> {
  return {
    type: 'lobby',
    module: (settings) => LobbyServerModule.forRoot(settings),
    extensions,
    prepare(app, { service }) {
      if (service.token !== null) serveApiDocs(app, SERVICE_API, new TokenCheck(service.token));
    },
  };
}
