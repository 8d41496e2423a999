import { createServer } from 'node:net';

// Below the ephemeral ports (from 32768), which the system gives to outgoing connections at any moment, and low enough
// that a Redis Cluster's bus (port + 10000) stays below them too.
const LOWEST = 10_240;
const HIGHEST = 22_700;

// A port that is found free is taken a moment later, and whoever looks in that moment finds it free as well. So the
// workers of one jest each look at ports of their own, and no process gives out a port twice in a row.
const SLICES = 8;
const SLICE = Math.floor((HIGHEST - LOWEST) / SLICES);
const lowest = LOWEST + SLICE * (Number(process.env.JEST_WORKER_ID ?? 0) % SLICES);

/** @type {Set<number>} */
const given = new Set();

/** A port on which nobody listens right now, and that this process was not given lately. @returns {Promise<number>} */
export async function freePort(host = '127.0.0.1') {
  // Who runs for days begins again: the first of them are long free.
  if (given.size > SLICE / 2) given.clear();
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = lowest + Math.floor(Math.random() * SLICE);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port, host)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${lowest + SLICE} on ${host}`);
}

/** @param {number} port @param {string} [host] @returns {Promise<boolean>} */
export function isFree(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
