import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCompiled } from '../command/run-compiled.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer, mainOf } from '../start/launch-server.mjs';

/** @param {string[]} argv */
export function main(argv) {
  return runCompiled('tools/chaos/src/main.js', argv, {
    launchServer,
    startRedis,
    ended,
    freePort,
    mains: { gateway: mainOf('gateway'), lobby: mainOf('lobby'), game: join(mainOf('game'), '../../../../tools/chaos/src/game-server.js') },
    listenBehind: pathToFileURL(join(ROOT, 'tools/process/listen-behind.mjs')).href,
    wallClock: pathToFileURL(join(ROOT, 'tools/process/wall-clock.mjs')).href,
    home: join(HOLDFAST_DIR, 'chaos'),
  });
}
