import type { Provider } from '@nestjs/common';
import { PlayerRedirect } from '#libs/edge';
import { UnreachableServers } from '#libs/health';

/** Whose game is on a server that this gateway alone does not reach is sent to another gateway. */
export const cutOffLinks: Provider = {
  provide: Symbol('CutOffLinks'),
  inject: [UnreachableServers, PlayerRedirect],
  useFactory: (servers: UnreachableServers, redirect: PlayerRedirect) => {
    redirect.unreachableFrom = () => servers.alone;
    return null;
  },
};
