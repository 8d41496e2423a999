import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProxy, freePort } from '../tools.js';
import { Peer } from './peer.js';

/** Starts HAProxy in TCP mode, with one backend connection per client, and with one thread like all other carriers. */
export async function startHaproxy(backendPort: number): Promise<Peer> {
  const found = await findProxy('haproxy');
  if ('missing' in found) throw new Error(found.missing);
  const { command, env } = found;
  const port = await freePort();
  const home = await mkdtemp(join(tmpdir(), 'holdfast-haproxy-'));
  const config = join(home, 'haproxy.cfg');
  await writeFile(
    config,
    `global
  nbthread 1
  maxconn 5000
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen relay
  bind 127.0.0.1:${port}
  server echo 127.0.0.1:${backendPort}
`,
  );
  try {
    return await Peer.program(command, ['-db', '-f', config], port, env);
  } finally {
    // HAProxy reads the file before it listens, so the file is not needed any more.
    await rm(home, { recursive: true, force: true });
  }
}
