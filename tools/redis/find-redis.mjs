import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { whyRegistryIsUnreachable } from '../install/registry.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { fetchDebianRedis } from './debian-redis.mjs';
import { fetchMemoryServerRedis } from './memory-server-redis.mjs';

/**
 * @typedef {{ command: string, env: NodeJS.ProcessEnv, source: string }} RedisServer a program to start, its
 *   environment, and its source
 * @typedef {(line: string) => void} Log
 * @typedef {{ log?: Log, env?: NodeJS.ProcessEnv }} FindOptions
 */

/**
 * Finds a Redis: the one at REDIS_URL, else a program for a private Redis. Without both, throws one error that lists all remedies.
 *
 * @param {FindOptions} [options]
 * @returns {Promise<{ url: string } | { server: RedisServer }>}
 */
export async function findRedis(options = {}) {
  const url = (options.env ?? process.env).REDIS_URL;
  return url ? { url } : { server: await findRedisServer(options) };
}

/**
 * Finds a redis-server on the PATH or from an earlier download. Otherwise downloads it.
 *
 * @param {FindOptions} [options]
 * @returns {Promise<RedisServer>}
 */
export async function findRedisServer({ log = () => {}, env = process.env } = {}) {
  const present = redisOnPath(env);
  if (present) return present;
  /** @type {string[]} */
  const failures = [];
  // Starts to ping the npm registry already now, although only redis-memory-server needs the registry. The ping runs while the program
  // tries the package of Debian or Ubuntu. So without a network, the user waits for both failures at the same time.
  const registry = hasDownloadedRedis() ? undefined : whyRegistryIsUnreachable(env);
  for (const [way, fetch] of /** @type {const} */ ([
    ['a Debian or Ubuntu package', fetchDebianRedis],
    ['redis-memory-server', fetchMemoryServerRedis],
  ])) {
    try {
      return await fetch({ log, env, registry });
    } catch (error) {
      failures.push(`  ${way}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new PlainError(
    [
      'No Redis was found. Do one of these:',
      '  - set REDIS_URL to a running one (redis://HOST:PORT)',
      '  - install redis-server or valkey-server, so that it is on the PATH',
      '  - on Debian or Ubuntu, let this machine reach its package mirror (apt-get update)',
      '  - install make and a C compiler, for redis-memory-server',
      'These attempts failed:',
      ...failures,
    ].join('\n'),
  );
}

/** Returns whether a private Redis can be started without a download. @param {NodeJS.ProcessEnv} [env] */
export function hasRedis(env = process.env) {
  return redisOnPath(env) !== null || hasDownloadedRedis();
}

function hasDownloadedRedis() {
  return ['redis-package', 'redis-memory-server/node_modules'].some((folder) => existsSync(join(HOLDFAST_DIR, folder)));
}

/** @param {NodeJS.ProcessEnv} env @returns {RedisServer | null} */
function redisOnPath(env) {
  for (const name of ['redis-server', 'valkey-server']) {
    const command = onPath(name, env);
    if (command) return { command, env, source: command };
  }
  return null;
}

/** @param {string} name @param {NodeJS.ProcessEnv} [env] @returns {string | null} */
export function onPath(name, env = process.env) {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (folder === '' || !existsSync(file)) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Skips a file that this user cannot run.
    }
  }
  return null;
}
