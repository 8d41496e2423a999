import { join } from 'node:path';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer, mainOf } from '../start/launch-server.mjs';

// `npm run poison`: installs and builds what is stale, then runs the compiled tool with the functions that start processes.
await install();
await build({ log: (line) => console.error(line) });
const { main } = await import(new URL('../../dist/tools/poison/src/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), {
  launchServer,
  startRedis,
  ended,
  freePort,
  mains: { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: join(mainOf('game'), '../../../../tools/poison/src/game-server.js') },
  home: join(HOLDFAST_DIR, 'poison'),
});
// Lingering sockets must not delay the exit.
process.exit();
