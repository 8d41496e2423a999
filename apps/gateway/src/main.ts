import 'reflect-metadata';
import { serveAdminDocs } from '#libs/admin';
import { GatewayService } from '#libs/edge';
import { runServer } from '#libs/server';
import { serveDashboard } from './dashboard-pages.js';
import { GatewayServerModule } from './gateway-server.module.js';

await runServer({
  type: 'gateway',
  module: (settings) => GatewayServerModule.forRoot(settings),
  // Add modules with extensions here: `extensions: [AccountsModule]` (docs/extending.md).
  extensions: [],
  prepare(app, { admin }) {
    serveDashboard(app);
    serveAdminDocs(app, admin);
  },
  async open(app) {
    const gateway = app.get(GatewayService);
    await gateway.open();
    return { publicPort: gateway.ports.websocket!, tcpPort: gateway.ports.tcp! };
  },
  drain: (app) => app.get(GatewayService).close(),
});
