import type { Provider } from '@nestjs/common';
import { PlayerRedirect } from '#libs/edge';
import { UnreachableServers } from '#libs/health';

/** When only this gateway cannot reach a game server, it sends the players of that server to another gateway. */
export const playerRedirectWiring: Provider = {
  provide: Symbol('PlayerRedirectWiring'),
  inject: [UnreachableServers, PlayerRedirect],
  useFactory: (servers: UnreachableServers, redirect: PlayerRedirect) => {
    redirect.unreachableFrom = () => servers.locallyUnreachable;
    return null;
  },
};
