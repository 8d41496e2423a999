import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from './find-redis.mjs';

const run = promisify(execFile);

/**
 * Gets redis-server from the packages of Debian or Ubuntu. Unpacks the packages under .holdfast/, without root.
 *
 * @param {{ log: import('./find-redis.mjs').Log, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<import('./find-redis.mjs').RedisServer>}
 */
export async function fetchDebianRedis({ log, env }) {
  const home = join(HOLDFAST_DIR, 'redis-package');
  if (!existsSync(home)) {
    for (const tool of ['apt-get', 'dpkg']) if (!onPath(tool, env)) throw new Error(`${tool} is not here`);
    log('fetching redis-server from the package mirror (about 2 MB) …');
    await createFolderOnce(home, (work) => unpack(work, env));
  }
  return serverIn(home, env);
}

/** @param {string} home @param {NodeJS.ProcessEnv} env @returns {Promise<import('./find-redis.mjs').RedisServer>} */
async function serverIn(home, env) {
  const command = join(home, 'usr/bin/redis-server');
  const libraries = await libraryFolders(home);
  const server = { command, env: { ...env, LD_LIBRARY_PATH: [...libraries, env.LD_LIBRARY_PATH].filter(Boolean).join(':') }, source: home };
  await run(command, ['--version'], { env: server.env });
  return server;
}

/** @param {string} work @param {NodeJS.ProcessEnv} env @returns {Promise<string>} the folder that takes the place of `/` */
async function unpack(work, env) {
  const apt = await OwnApt.open(work, env);
  const root = join(work, 'root');
  await apt.unpack(['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1'], root);

  // On a slim image, redis-server needs further libraries. The dynamic loader lists the missing ones, and `PACKAGES_OF` has their packages.
  const missing = await missingLibraries(root, env);
  for (const library of missing) {
    const candidates = PACKAGES_OF[library];
    if (!candidates) throw new Error(`redis-server needs ${library}, which this machine lacks`);
    await firstThatWorks(candidates.map((name) => () => apt.unpack([name], root)));
  }
  return root;
}

/**
 * The packages that contain each library, by the file name of the library. Ubuntu 24.04 added `t64` to some names of packages.
 *
 * @type {Record<string, string[]>}
 */
const PACKAGES_OF = {
  'libatomic.so.1': ['libatomic1'],
  'libssl.so.3': ['libssl3', 'libssl3t64'],
  'libcrypto.so.3': ['libssl3', 'libssl3t64'],
  'libssl.so.1.1': ['libssl1.1'],
  'libcrypto.so.1.1': ['libssl1.1'],
  'libsystemd.so.0': ['libsystemd0'],
  'libcap.so.2': ['libcap2'],
  'libgcrypt.so.20': ['libgcrypt20'],
  'libgpg-error.so.0': ['libgpg-error0'],
  'liblzma.so.5': ['liblzma5'],
  'liblz4.so.1': ['liblz4-1'],
  'libzstd.so.1': ['libzstd1'],
  'libstdc++.so.6': ['libstdc++6'],
  'libgcc_s.so.1': ['libgcc-s1'],
  'liblua5.1.so.0': ['liblua5.1-0'],
  'liblua5.1-cjson.so.0': ['lua-cjson'],
  'liblua5.1-bitop.so.0': ['lua-bitop'],
};

/** @param {string} root @param {NodeJS.ProcessEnv} env @returns {Promise<string[]>} sonames */
async function missingLibraries(root, env) {
  if (!onPath('ldd', env)) return [];
  /** @type {Set<string>} */
  const missing = new Set();
  const libraries = await libraryFolders(root);
  const { stdout } = await run('ldd', [join(root, 'usr/bin/redis-server')], { env: { ...env, LD_LIBRARY_PATH: libraries.join(':') } });
  for (const [, name] of stdout.matchAll(/^\s*(\S+) => not found/gm)) missing.add(name);
  return [...missing];
}

/** @param {(() => Promise<void>)[]} attempts */
async function firstThatWorks(attempts) {
  for (const [index, attempt] of attempts.entries()) {
    try {
      return await attempt();
    } catch (error) {
      if (index === attempts.length - 1) throw error;
    }
  }
}
