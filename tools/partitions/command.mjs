import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCompiled } from '../command/run-compiled.mjs';
import { findNetTools } from '../network/find-net-tools.mjs';
import { Network } from '../network/network.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer, mainOf } from '../start/launch-server.mjs';

/** @param {string[]} argv */
export async function main(argv) {
  const found = await findNetTools({ log: (line) => console.error(line) });
  if ('missing' in found) {
    console.error(`partitions are not possible: ${found.missing}`);
    process.exit(2);
  }
  const { tools } = found;
  // Without these handlers, the signals would end the process without its `exit` event, which removes the network namespaces.
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.once(signal, () => process.exit(1));
  await runCompiled('tools/partitions/src/main.js', argv, {
    launchServer,
    startRedis,
    ended,
    freePort,
    slowWire: pathToFileURL(join(ROOT, 'tools/process/slow-wire.mjs')).href,
    openNetwork: () => Network.open(tools),
    mains: { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: join(mainOf('game'), '../../../../tools/chaos/src/game-server.js') },
    home: join(HOLDFAST_DIR, 'partitions'),
  });
}
