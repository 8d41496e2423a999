import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

const run = promisify(execFile);
/** Earlier versions of Python lack `asyncio.timeout`, which the Python client uses. */
const OLDEST = [3, 11];

/** @typedef {{ path: string, env: NodeJS.ProcessEnv }} Python its program, and the environment for it */

/**
 * Finds Python 3.11 or newer for the tests of the Python client: on the PATH, or in Debian's package, which is downloaded once (about
 * 10 MB) and unpacked under .holdfast/. HOLDFAST_NO_PYTHON=1 forbids the download.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Python | { missing: string }>} the program, or the reason why there is none
 */
export async function findPython(env = process.env) {
  const installed = onPath('python3', env);
  if (installed && (await isNewEnough(installed, env))) return { path: installed, env };
  const home = join(HOLDFAST_DIR, 'python-package');
  if (!existsSync(home)) {
    if (env.HOLDFAST_NO_PYTHON) return { missing: `there is no Python ${OLDEST.join('.')}, and HOLDFAST_NO_PYTHON is set` };
    for (const tool of ['apt-get', 'dpkg'])
      if (!onPath(tool, env)) return { missing: `there is no Python ${OLDEST.join('.')} and no ${tool} to download it; install python3` };
    try {
      await createFolderOnce(home, async (work) => {
        const root = join(work, 'root');
        await (await OwnApt.open(work, env)).unpackWithDependencies(['python3'], root);
        return root;
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      return { missing: `there is no Python ${OLDEST.join('.')}, and its download failed (${reason}); install python3` };
    }
  }
  const path = join(home, 'usr/bin/python3');
  const libraries = (await libraryFolders(home)).join(':');
  const own = { ...env, PYTHONHOME: join(home, 'usr'), LD_LIBRARY_PATH: `${libraries}:${env.LD_LIBRARY_PATH ?? ''}` };
  if (await isNewEnough(path, own)) return { path, env: own };
  return { missing: `the Python of this distribution is older than ${OLDEST.join('.')}; install a newer one` };
}

/** @param {string} path @param {NodeJS.ProcessEnv} env */
async function isNewEnough(path, env) {
  const check = `import sys, asyncio, ssl; sys.exit(sys.version_info < (${OLDEST.join(', ')}))`;
  return run(path, ['-c', check], { env }).then(
    () => true,
    () => false,
  );
}
