/**
 * Node flags of every server, however it is started (`npm start`, `start:game`, the image; a test compares them).
 *
 * - `--v8-pool-size=0`: no fixed pool of four threads for garbage collection. On two cores, four threads and the event loop
 *   delayed all answers during each collection: p99 at 10,000 commands a second was 14 ms, and 6 ms with this flag.
 * - `--no-allocation-site-pretenuring`: when a fleet fills up, V8 learns that objects of some code live long. From then on it
 *   allocates each change of each room in the old generation: 1 KB per command that only a full collection frees.
 */
export const SERVER_FLAGS = ['--enable-source-maps', '--v8-pool-size=0', '--no-allocation-site-pretenuring'];
