/**
 * What Node is told for every server, however it is started (`npm start`, `start:game`, the image; a test holds them to it).
 *
 * - `--v8-pool-size=0`: as many threads for garbage as the machine has cores to spare, and not four. Four of them and the
 *   loop on two cores made everybody's answers wait for each collection: p99 at 10,000 commands a second 14 ms, with one 6.
 * - `--no-allocation-site-pretenuring`: V8 takes code whose objects lived for long once (a fleet that fills up) as code whose
 *   objects live for long, and makes each change of each room in the old generation from then on: 1 KB a command that only a
 *   full collection frees.
 */
export const SERVER_FLAGS = ['--enable-source-maps', '--v8-pool-size=0', '--no-allocation-site-pretenuring'];
