import type { Provider } from '@nestjs/common';
import { PlayerRedirect } from '#libs/edge';
import { UnreachableServers } from '#libs/health';

/**
 * Connects the detection of unreachable game servers with the redirect of players. The gateway sends players to another gateway when only
 * this one cannot reach their game server.
 */
export const playerRedirectWiring: Provider = {
  provide: Symbol('PlayerRedirectWiring'),
  inject: [UnreachableServers, PlayerRedirect],
  useFactory: (servers: UnreachableServers, redirect: PlayerRedirect) => {
    redirect.unreachableFrom = () => servers.locallyUnreachable;
    return null;
  },
};
