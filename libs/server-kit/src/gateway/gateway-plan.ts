import { serveAdminDocs } from '#libs/admin';
import { sleep } from '#libs/async';
import { GatewayService } from '#libs/edge';
import type { ServerPlan } from '#libs/server';
import type { ServerOptions } from '../server-options.js';
import { adminTokens } from './admin-tokens.js';
import { serveDashboard } from './dashboard-pages.js';
import { GatewayServerModule } from './gateway-server.module.js';

/** The page and the extensions that an application adds to a gateway. */
export interface GatewayOptions extends ServerOptions {
  /**
   * The folder with the built page of the game, which the gateway serves at `/` of its public port. A relative path begins at the folder in
   * which the process starts. Absent: the gateway serves no page, and players use a page of another web server.
   */
  readonly pages?: string | URL;
}

/** Returns the parts that `runServer` needs to run a gateway. */
export function gatewayPlan({ pages, extensions }: GatewayOptions): ServerPlan<'gateway'> {
  return {
    type: 'gateway',
    module: (settings) => GatewayServerModule.forRoot(settings, { pages }),
    extensions,
    prepare(app, { admin }) {
      serveDashboard(app);
      serveAdminDocs(app, { tokens: adminTokens(admin) });
    },
    async open(app) {
      const gateway = app.get(GatewayService);
      await gateway.open();
      return { publicPort: gateway.ports.websocket!, tcpPort: gateway.ports.tcp! };
    },
    async drain(app, { edge }) {
      await sleep(edge.drainDelayMs);
      await app.get(GatewayService).close();
    },
  };
}
