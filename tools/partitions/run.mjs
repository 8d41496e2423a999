import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { findNetTools } from '../network/find-net-tools.mjs';
import { Network } from '../network/network.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer, mainOf } from '../start/launch-server.mjs';

// `npm run partitions`: installs and builds what is stale, then runs the compiled tool with the functions that start processes.
await install();
await build({ log: (line) => console.error(line) });
const found = await findNetTools({ log: (line) => console.error(line) });
if ('missing' in found) {
  console.error(`partitions are not possible: ${found.missing}`);
  process.exit(2);
}
const { tools } = found;
// The exit of the process removes the network, so these signals must lead to an exit.
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.once(signal, () => process.exit(1));
const { main } = await import(new URL('../../dist/tools/partitions/src/main.js', import.meta.url).href);
process.exitCode = await main(process.argv.slice(2), {
  launchServer,
  startRedis,
  ended,
  freePort,
  slowWire: pathToFileURL(join(ROOT, 'tools/process/slow-wire.mjs')).href,
  openNetwork: () => Network.open(tools),
  mains: { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: join(mainOf('game'), '../../../../tools/chaos/src/game-server.js') },
  home: join(HOLDFAST_DIR, 'partitions'),
});
// Open sockets must not keep the process alive after a finished run.
process.exit();
