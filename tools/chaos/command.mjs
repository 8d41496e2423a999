import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { callOf } from '../command/names.mjs';
import { compiled, runCompiled } from '../command/run-compiled.mjs';
import { freePort } from '../process/free-port.mjs';
import { ended } from '../process/leashed.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { openProject } from '../project/project.mjs';
import { startRedis } from '../redis/index.mjs';
import { launchServer } from '../start/launch-server.mjs';

/** @param {string[]} argv */
export async function main(argv) {
  const { gateway, lobby } = (await openProject()).entries;
  return runCompiled('tools/chaos/src/main.js', argv, {
    call: callOf('chaos'),
    launchServer,
    startRedis,
    ended,
    freePort,
    mains: { gateway, lobby, game: await compiled('tools/chaos/src/game-server.js') },
    listenBehind: pathToFileURL(join(ROOT, 'tools/process/listen-behind.mjs')).href,
    wallClock: pathToFileURL(join(ROOT, 'tools/process/wall-clock.mjs')).href,
    home: join(HOLDFAST_DIR, 'chaos'),
  });
}
