import { createServer } from 'node:net';

// The ports that this file returns. They are below the ephemeral ports (from 32768), which the system can give to outgoing connections at
// any time. The bus port of a Redis Cluster (port + 10000) is also below them.
const LOWEST = 10_240;
const HIGHEST = 22_700;

// Another process could find the same port free before this process uses it. So each jest worker has its own range. No process returns the
// same port twice within a short time.
const SLICES = 8;
const SLICE = Math.floor((HIGHEST - LOWEST) / SLICES);
const lowest = LOWEST + SLICE * (Number(process.env.JEST_WORKER_ID ?? 0) % SLICES);

/** @type {Set<number>} */
const given = new Set();

/**
 * Returns a port that is free now, and that this process has not returned recently.
 * @param {(port: number) => boolean} [isAllowed] for ports that something else will use soon
 * @returns {Promise<number>}
 */
export async function freePort(host = '127.0.0.1', isAllowed = () => true) {
  // A process that runs for days returns its first ports again. Their callers have bound or released them long ago.
  if (given.size > SLICE / 2) given.clear();
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = lowest + Math.floor(Math.random() * SLICE);
    if (given.has(port) || !isAllowed(port)) continue;
    given.add(port);
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${lowest + SLICE} on ${host}`);
}

/** @param {number} port @param {string} [host] @returns {Promise<boolean>} */
export async function isFree(port, host = '127.0.0.1') {
  return (await bindFailure(port, host)) === null;
}

/**
 * Listens on a port for a moment.
 *
 * @param {number} port @param {string} host
 * @returns {Promise<string | null>} null: it is free; else the code of the error
 */
export function bindFailure(port, host) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(null)));
  });
}
