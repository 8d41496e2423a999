/**
 * Node flags of every server. `npm start`, `npm run start:game` and the image use the same flags. A test checks this.
 *
 * - `--v8-pool-size=0`: no fixed pool of four threads for garbage collection. On two cores, these threads delayed all answers during each
 *   collection. At 10,000 commands a second, the 99th percentile of the answer times was 14 ms without this flag, and 6 ms with it.
 * - `--no-allocation-site-pretenuring`: without this flag, V8 learns while a fleet fills up that the objects which some code creates live
 *   long. V8 then allocates each change of a room in the old generation. That is 1 KB per command, and only a full collection frees this
 *   memory.
 */
export const SERVER_FLAGS = ['--enable-source-maps', '--v8-pool-size=0', '--no-allocation-site-pretenuring'];
