import type { Provider } from '@nestjs/common';
import { PlayerRedirect } from '#libs/edge';
import { UnreachableServers } from '#libs/health';

/** Sends the players of a game server to another gateway when only this gateway cannot reach that server. */
export const playerRedirectWiring: Provider = {
  provide: Symbol('PlayerRedirectWiring'),
  inject: [UnreachableServers, PlayerRedirect],
  useFactory: (servers: UnreachableServers, redirect: PlayerRedirect) => {
    redirect.unreachableFrom = () => servers.locallyUnreachable;
    return null;
  },
};
