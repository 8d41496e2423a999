import 'reflect-metadata';
import { runServer, type ServerPlan } from '#libs/server';
import { BenchGamesModule } from './bench-games.js';

// The normal game server with the games of the benchmarks.
const { gameServer } = (await import(new URL('../apps/game/src/game.server.js', import.meta.url).href)) as {
  gameServer: ServerPlan<'game'>;
};

await runServer({
  ...gameServer,
  module: (settings) => {
    const { imports = [], ...rest } = gameServer.module(settings);
    return { ...rest, imports: [...imports, BenchGamesModule] };
  },
});
