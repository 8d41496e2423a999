import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOLDFAST_DIR, ROOT } from '../tools.js';

const run = promisify(execFile);
const SOURCES = join(ROOT, 'bench/peers/npm');

export type NpmPeer = 'colyseus' | 'socket.io' | 'pinus';

/** Peers that need a newer Node than ours bring one: the package `node`, whose program stands here. */
const OWN_NODE = 'node_modules/node/bin/node';

export interface Installed {
  /** Its folder, with node_modules: outside ours, so that no peer is a dependency of Holdfast. */
  readonly folder: string;
  /** The Node to start it with. */
  readonly node: string;
}

/** The peer out of `bench/peers/npm`, with what it needs from npm under `.holdfast/peers`; fetched once. */
export async function installed(peer: NpmPeer): Promise<Installed> {
  const folder = join(HOLDFAST_DIR, 'peers', peer);
  await mkdir(folder, { recursive: true });
  await cp(join(SOURCES, peer), folder, { recursive: true, force: true });
  const manifest = await readFile(join(folder, 'package.json'), 'utf8');
  const stamp = join(folder, '.installed');
  if ((await readFile(stamp, 'utf8').catch(() => '')) !== manifest) {
    process.stderr.write(`installing ${peer} from npm into ${folder} …\n`);
    await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'], { cwd: folder, maxBuffer: 64 << 20 });
    await writeFile(stamp, manifest);
  }
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  return { folder, node: dependencies.node ? join(folder, OWN_NODE) : process.execPath };
}

/** What is installed of it, by name. */
export async function versionsOf(peer: NpmPeer): Promise<Readonly<Record<string, string>>> {
  const manifest = await readFile(join(SOURCES, peer, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { dependencies: Record<string, string> }).dependencies;
}
