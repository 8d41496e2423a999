import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

/** @typedef {{ bin: string, env: NodeJS.ProcessEnv }} Postgres the folder of its programs, and their environment */

/**
 * Finds PostgreSQL for tests: on the PATH, where Debian installs it, or in Debian's package, which is downloaded once (about 50 MB) and
 * unpacked under .holdfast/ without root. HOLDFAST_NO_POSTGRES=1 forbids the download. When root runs the tests, PostgreSQL runs as another
 * user, who cannot enter .holdfast/. Then the package is unpacked into the folder for temporary files.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Postgres | { missing: string }>} the programs, or the reason why there are none
 */
export async function findPostgres(env = process.env) {
  const installed = onPath('initdb', env) ? onPath('postgres', env) : null;
  if (installed) return { bin: join(installed, '..'), env };
  const ofDebian = await binIn('/');
  if (ofDebian) return { bin: ofDebian, env };
  const home = join(process.getuid?.() === 0 ? tmpdir() : HOLDFAST_DIR, 'holdfast-postgresql-package');
  if (!existsSync(home)) {
    if (env.HOLDFAST_NO_POSTGRES) return { missing: 'there is no PostgreSQL, and HOLDFAST_NO_POSTGRES is set' };
    for (const tool of ['apt-get', 'dpkg'])
      if (!onPath(tool, env)) return { missing: `there is no PostgreSQL and no ${tool} to download it; install postgresql` };
    try {
      await fetchPostgres(home, env);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      return { missing: `there is no PostgreSQL, and its download failed (${reason}); install postgresql` };
    }
  }
  const bin = await binIn(home);
  if (!bin) return { missing: `there is no PostgreSQL in ${home}; delete this folder` };
  const libraries = (await libraryFolders(home)).join(':');
  return { bin, env: { ...env, LD_LIBRARY_PATH: `${libraries}:${env.LD_LIBRARY_PATH ?? ''}` } };
}

/** Returns the folder with the programs of the newest version. @param {string} root @returns {Promise<string | null>} */
async function binIn(root) {
  const versions = await readdir(join(root, 'usr/lib/postgresql')).catch(() => []);
  const bins = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(root, 'usr/lib/postgresql', version, 'bin'));
  return bins.find((bin) => existsSync(join(bin, 'initdb'))) ?? null;
}

/** @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchPostgres(home, env) {
  await createFolderOnce(home, async (work) => {
    const root = join(work, 'root');
    await (await OwnApt.open(work, env)).unpackWithDependencies(['postgresql'], root);
    return root;
  });
}
