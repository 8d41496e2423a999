import { createServer } from 'node:net';

// Below the ephemeral ports (from 32768), which the system gives to outgoing connections at any moment, and low enough
// that a Redis Cluster's bus (port + 10000) stays below them too.
const LOWEST = 10_240;
const HIGHEST = 22_700;

/** A port on which nobody listens right now. @returns {Promise<number>} */
export async function freePort(host = '127.0.0.1') {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST} on ${host}`);
}

/** @param {number} port @param {string} [host] @returns {Promise<boolean>} */
export function isFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
