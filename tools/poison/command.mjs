import { join } from 'node:path';
import { runCompiled } from '../command/run-compiled.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer, mainOf } from '../start/launch-server.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/poison/src/main.js', argv, {
    launchServer,
    startRedis,
    ended,
    freePort,
    mains: {
      gateway: mainOf('gateway'),
      lobby: mainOf('lobby'),
      game: join(mainOf('game'), '../../../../tools/poison/src/game-server.js'),
    },
    home: join(HOLDFAST_DIR, 'poison'),
  });
}
