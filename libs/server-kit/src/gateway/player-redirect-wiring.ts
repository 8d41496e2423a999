import type { Provider } from '@nestjs/common';
import { PlayerRedirect } from '#libs/edge';
import { UnreachableServers } from '#libs/health';

/** Sends the players of a game server to another gateway when this gateway is the only one that cannot reach the server. */
export const playerRedirectWiring: Provider = {
  provide: Symbol('PlayerRedirectWiring'),
  inject: [UnreachableServers, PlayerRedirect],
  useFactory: (servers: UnreachableServers, redirect: PlayerRedirect) => {
    redirect.unreachableFrom = () => servers.locallyUnreachable;
    return null;
  },
};
