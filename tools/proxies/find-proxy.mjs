import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

/**
 * Finds nginx for the tests of proxies: on the PATH, or in Debian's package, which is downloaded once (about 2 MB) and unpacked under
 * .holdfast/ without root. HOLDFAST_NO_NGINX=1 forbids the download.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ command: string, env: NodeJS.ProcessEnv } | { missing: string }>} the program with its environment, or the reason
 *   why there is none
 */
export async function findNginx(env = process.env) {
  const command = onPath('nginx', { PATH: `${env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` });
  if (command) return { command, env };
  const home = join(HOLDFAST_DIR, 'nginx-package');
  if (!existsSync(home)) {
    if (env.HOLDFAST_NO_NGINX) return { missing: 'there is no nginx, and HOLDFAST_NO_NGINX is set' };
    for (const tool of ['apt-get', 'dpkg'])
      if (!onPath(tool, env)) return { missing: `there is no nginx on the PATH and no ${tool} to download it; install nginx` };
    try {
      await fetchNginx(home, env);
    } catch (error) {
      return { missing: `there is no nginx, and its download failed (${error instanceof Error ? error.message : error}); install nginx` };
    }
  }
  const libraries = (await libraryFolders(home)).join(':');
  return { command: join(home, 'usr/sbin/nginx'), env: { ...env, LD_LIBRARY_PATH: `${libraries}:${env.LD_LIBRARY_PATH ?? ''}` } };
}

/** @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchNginx(home, env) {
  await createFolderOnce(home, async (work) => {
    const root = join(work, 'root');
    await (await OwnApt.open(work, env)).unpackWithDependencies(['nginx'], root);
    return root;
  });
}
