import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

const run = promisify(execFile);
const TOOLS = /** @type {const} */ (['ip', 'nft']);
const PACKAGES = { ip: 'iproute2', nft: 'nftables' };
const INSTALL = 'install Debian’s iproute2 and nftables (apt-get install iproute2 nftables)';

/**
 * @typedef {{ ip: string, nft: string }} NetTools paths of the two programs
 */

/**
 * Finds `ip` and `nft`, which create network namespaces and their rules: on the PATH, or in Debian's packages, which are
 * downloaded once (about 1 MB) and unpacked under .holdfast/. Also tests whether the kernel allows namespaces.
 * HOLDFAST_NO_NETWORK=1 forbids namespaces.
 *
 * @param {{ log?: (line: string) => void, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ tools: NetTools } | { missing: string }>} the programs, or the reason why namespaces are not possible and what the
 *   user can do
 */
export async function findNetTools({ log = () => {}, env = process.env } = {}) {
  if (env.HOLDFAST_NO_NETWORK) return { missing: 'HOLDFAST_NO_NETWORK is set' };
  if (process.platform !== 'linux') return { missing: 'network namespaces need Linux' };
  /** @type {NetTools} */
  const tools = { ip: '', nft: '' };
  for (const name of TOOLS) {
    const found = await findOne(name, log, env);
    if ('missing' in found) return found;
    tools[name] = found.path;
  }
  const refused = await whyRefused(tools);
  return refused === null ? { tools } : { missing: refused };
}

/** @param {'ip' | 'nft'} name @param {(line: string) => void} log @param {NodeJS.ProcessEnv} env @returns {Promise<{ path: string } | { missing: string }>} */
async function findOne(name, log, env) {
  const known = onPath(name, { PATH: `${env.PATH ?? ''}:/usr/sbin:/sbin` });
  if (known) return { path: known };
  const home = join(HOLDFAST_DIR, 'network-package', PACKAGES[name]);
  const path = join(home, name);
  if (existsSync(path)) return { path };
  for (const tool of ['apt-get', 'dpkg'])
    if (!onPath(tool, env)) return { missing: `there is no ${name}, and no ${tool} to download it; ${INSTALL}` };
  try {
    log(`downloading ${PACKAGES[name]} for the partition tests (about 1 MB, once) …`);
    await fetchPackage(name, home, env);
    return { path };
  } catch (error) {
    return { missing: `there is no ${name}, and its download failed (${error instanceof Error ? error.message : error}); ${INSTALL}` };
  }
}

/** @param {'ip' | 'nft'} name @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchPackage(name, home, env) {
  await createFolderOnce(home, async (work) => {
    const apt = await OwnApt.open(work, env);
    const root = join(work, 'root');
    await apt.unpackWithDependencies([PACKAGES[name]], root);
    const folders = (await libraryFolders(root)).map((folder) => join(home, folder.slice(root.length + 1)));
    const program = ['usr/sbin', 'sbin', 'usr/bin', 'bin'].map((folder) => join(folder, name)).find((file) => existsSync(join(root, file)));
    if (!program) throw new Error(`the package ${PACKAGES[name]} has no ${name}`);
    const launcher = ['#!/bin/sh', `LD_LIBRARY_PATH="${folders.join(':')}:$LD_LIBRARY_PATH" exec "${join(home, program)}" "$@"`, ''];
    await writeFile(join(root, name), launcher.join('\n'));
    await chmod(join(root, name), 0o755);
    return root;
  });
}

/**
 * Tests whether namespaces work: creates one with a bridge, a pair of interfaces and a rule.
 *
 * @param {NetTools} tools @returns {Promise<string | null>} the reason of a failure; null if all works
 */
async function whyRefused({ ip, nft }) {
  const name = `hfp-${process.pid}-try`;
  try {
    await run(ip, ['netns', 'add', name]);
    await run(ip, ['-n', name, 'link', 'add', 'try0', 'type', 'bridge']);
    await run(ip, ['-n', name, 'link', 'add', 'try1', 'type', 'veth', 'peer', 'name', 'try2']);
    await run(ip, [
      'netns',
      'exec',
      name,
      nft,
      'add table inet try; add chain inet try in { type filter hook input priority 0; }; add rule inet try in numgen random mod 100 < 10 drop',
    ]);
    return null;
  } catch (error) {
    const { stderr = '', message } = /** @type {{ stderr?: string, message: string }} */ (error);
    return `the kernel refuses network namespaces or rules in them (${(stderr.trim() || message).split('\n')[0]}); run as root, in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN, on a kernel with veth, bridge and nf_tables`;
  } finally {
    await run(ip, ['netns', 'del', name]).catch(() => {});
  }
}
