import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOLDFAST_DIR, ROOT } from '../tools.js';

const run = promisify(execFile);
const SOURCES = join(ROOT, 'bench/peers/npm');

export type NpmPeer = 'colyseus' | 'socket.io' | 'pinus';

/** The path of the Node program in the package `node`, on which a peer depends if it needs a newer Node. */
const OWN_NODE = 'node_modules/node/bin/node';

export interface Installed {
  /** The folder with its node_modules. It is outside the repository's own, so that no peer is a dependency of Holdfast. */
  readonly folder: string;
  /** The path of the Node program that starts the peer. */
  readonly node: string;
}

/** Copies a peer from `bench/peers/npm` to `.holdfast/peers`, and installs its dependencies from npm once. */
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

/** Returns the versions of the packages that are installed for a peer, by package name. */
export async function versionsOf(peer: NpmPeer): Promise<Readonly<Record<string, string>>> {
  const manifest = await readFile(join(SOURCES, peer, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { dependencies: Record<string, string> }).dependencies;
}
