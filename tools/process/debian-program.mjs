import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../redis/find-redis.mjs';
import { createFolderOnce } from './create-folder-once.mjs';
import { libraryFolders, OwnApt } from './own-apt.mjs';
import { HOLDFAST_DIR } from './paths.mjs';

/** @typedef {{ command: string, env: NodeJS.ProcessEnv } | { missing: string }} FoundProgram the program with its environment, or the reason why there is none */

/**
 * Finds a program for tests and benchmarks: on the PATH, or in Debian's package, which is downloaded once and unpacked under .holdfast/
 * without root. HOLDFAST_NO_<PACKAGE>=1 forbids the download.
 *
 * @param {{ package: string, command?: string, folder?: string }} program the package; the program, when its name is not that of the
 *   package; and the program's folder within the package (default `usr/sbin`)
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<FoundProgram>}
 */
export async function findDebianProgram({ package: name, command: program = name, folder = 'usr/sbin' }, env = process.env) {
  const command = onPath(program, { PATH: `${env.PATH ?? ''}:/usr/sbin:/usr/local/sbin` });
  if (command) return { command, env };
  const home = join(HOLDFAST_DIR, `${name}-package`);
  const forbidden = `HOLDFAST_NO_${name.toUpperCase()}`;
  if (!existsSync(home)) {
    if (env[forbidden]) return { missing: `there is no ${program}, and ${forbidden} is set` };
    for (const tool of ['apt-get', 'dpkg'])
      if (!onPath(tool, env)) return { missing: `there is no ${program} on the PATH and no ${tool} to download it; install ${name}` };
    try {
      await fetchPackage(name, home, env);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      return { missing: `there is no ${program}, and its download failed (${reason}); install ${name}` };
    }
  }
  const libraries = (await libraryFolders(home)).join(':');
  return { command: join(home, folder, program), env: { ...env, LD_LIBRARY_PATH: `${libraries}:${env.LD_LIBRARY_PATH ?? ''}` } };
}

/** @param {string} name @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchPackage(name, home, env) {
  await createFolderOnce(home, async (work) => {
    const root = join(work, 'root');
    await (await OwnApt.open(work, env)).unpackWithDependencies([name], root);
    return root;
  });
}
