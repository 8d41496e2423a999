import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

/**
 * Finds a proxy for tests and benchmarks: on the PATH, or in Debian's package, which is downloaded once (about 2 MB) and unpacked under
 * .holdfast/ without root. HOLDFAST_NO_NGINX=1 and HOLDFAST_NO_HAPROXY=1 forbid the download.
 *
 * @param {'nginx' | 'haproxy'} name The program and its package have this name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ command: string, env: NodeJS.ProcessEnv } | { missing: string }>} the program with its environment, or the reason
 *   why there is none
 */
export async function findProxy(name, env = process.env) {
  const command = onPath(name, { PATH: `${env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` });
  if (command) return { command, env };
  const home = join(HOLDFAST_DIR, `${name}-package`);
  const forbidden = `HOLDFAST_NO_${name.toUpperCase()}`;
  if (!existsSync(home)) {
    if (env[forbidden]) return { missing: `there is no ${name}, and ${forbidden} is set` };
    for (const tool of ['apt-get', 'dpkg'])
      if (!onPath(tool, env)) return { missing: `there is no ${name} on the PATH and no ${tool} to download it; install ${name}` };
    try {
      await fetchProxy(name, home, env);
    } catch (error) {
      return {
        missing: `there is no ${name}, and its download failed (${error instanceof Error ? error.message : error}); install ${name}`,
      };
    }
  }
  const libraries = (await libraryFolders(home)).join(':');
  return { command: join(home, 'usr/sbin', name), env: { ...env, LD_LIBRARY_PATH: `${libraries}:${env.LD_LIBRARY_PATH ?? ''}` } };
}

/** @param {string} name @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchProxy(name, home, env) {
  await createFolderOnce(home, async (work) => {
    const root = join(work, 'root');
    await (await OwnApt.open(work, env)).unpackWithDependencies([name], root);
    return root;
  });
}
