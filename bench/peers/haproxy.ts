import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderOnce, freePort, HOLDFAST_DIR, libraryFolders, OwnApt, onPath } from '../tools.js';
import { Peer } from './peer.js';

/** Finds the distribution's package on the PATH, or unpacks it under .holdfast/ without root. */
async function findHaproxy(): Promise<{ command: string; env: NodeJS.ProcessEnv }> {
  const command = onPath('haproxy') ?? onPath('haproxy', { PATH: '/usr/sbin:/usr/local/sbin' });
  if (command) return { command, env: process.env };
  const home = join(HOLDFAST_DIR, 'peers/haproxy');
  if (!existsSync(home)) {
    process.stderr.write('fetching haproxy from the package mirror (about 2 MB) …\n');
    await createFolderOnce(home, async (work) => {
      const root = join(work, 'root');
      await (await OwnApt.open(work, process.env)).unpackWithDependencies(['haproxy'], root);
      return root;
    });
  }
  return { command: join(home, 'usr/sbin/haproxy'), env: { ...process.env, LD_LIBRARY_PATH: (await libraryFolders(home)).join(':') } };
}

/** Starts HAProxy in TCP mode, with one backend connection per client, and with one thread like all other carriers. */
export async function startHaproxy(backendPort: number): Promise<Peer> {
  const { command, env } = await findHaproxy();
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
