import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whyRegistryIsUnreachable } from '../install/registry.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from './find-redis.mjs';

const run = promisify(execFile);

/** Time limit for the installation, in ms. Compiling Redis from source takes a few minutes on a small machine. */
const BUILD_TIMEOUT_MS = 600_000;

/**
 * Gets redis-server from the npm package redis-memory-server, when there is no other Redis. Installs the package under .holdfast/.
 *
 * @param {{ log: import('./find-redis.mjs').Log, env: NodeJS.ProcessEnv, registry?: Promise<string | null> }} options `registry`:
 *   why the npm registry cannot be reached; null when it can; absent when the caller did not ping the registry
 * @returns {Promise<import('./find-redis.mjs').RedisServer>}
 */
export async function fetchMemoryServerRedis({ log, env, registry }) {
  const home = join(HOLDFAST_DIR, 'redis-memory-server');
  if (!existsSync(join(home, 'node_modules/redis-memory-server'))) {
    for (const tool of ['make', 'cc']) if (!onPath(tool, env)) throw new Error(`${tool} is not here`);
    const unreachable = await (registry ?? whyRegistryIsUnreachable(env));
    if (unreachable !== null) throw new Error(`it comes from ${unreachable}`);
    log('installing redis-memory-server, which compiles Redis; this takes minutes …');
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', 'redis-memory-server'], {
      cwd: home,
      env,
      timeout: BUILD_TIMEOUT_MS,
    });
  }
  const script = "require('redis-memory-server/lib/util/RedisBinary').default.getPath().then((path) => process.stdout.write('\\n' + path))";
  createRequire(join(home, 'package.json')).resolve('redis-memory-server');
  const { stdout } = await run(process.execPath, ['-e', script], {
    cwd: home,
    env: { ...env, REDISMS_DOWNLOAD_DIR: join(home, 'binaries') },
    timeout: BUILD_TIMEOUT_MS,
    maxBuffer: 64 << 20,
  }).catch((error) => {
    throw new Error(
      String(error.stderr ?? error)
        .trim()
        .split('\n')[0],
    );
  });
  const command = stdout.trim().split('\n').at(-1) ?? '';
  if (!existsSync(command)) throw new Error('it built no program');
  return { command, env, source: 'redis-memory-server' };
}
