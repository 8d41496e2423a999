import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer, mainOf } from '../start/launch-server.mjs';

// `npm run chaos`: installs and builds what is stale, then runs the compiled tool. The functions that start processes are
// outside dist/, so the tool cannot import them and receives them as an argument.
await install();
await build({ log: (line) => console.error(line) });
const { main } = await import(new URL('../../dist/tools/chaos/src/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), {
  launchServer,
  startRedis,
  ended,
  freePort,
  mains: { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: join(mainOf('game'), '../../../../tools/chaos/src/game-server.js') },
  listenBehind: pathToFileURL(join(ROOT, 'tools/process/listen-behind.mjs')).href,
  wallClock: pathToFileURL(join(ROOT, 'tools/process/wall-clock.mjs')).href,
  home: join(HOLDFAST_DIR, 'chaos'),
});
// Open sockets must not keep the process alive after a finished run.
process.exit();
