import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

const run = promisify(execFile);

/**
 * @typedef {object} Mono
 * @property {readonly string[]} compiler the command of the C# compiler
 * @property {string} runtime
 * @property {NodeJS.ProcessEnv} env for both
 */

/**
 * Finds Mono for the tests of the C# client: on the PATH, or in Debian's packages, which are downloaded once (about 15 MB) and unpacked
 * under .holdfast/. HOLDFAST_NO_MONO=1 forbids the download.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Mono | { missing: string }>} the programs, or the reason why there are none
 */
export async function findMono(env = process.env) {
  const [mcs, mono] = [onPath('mcs', env), onPath('mono', env)];
  if (mcs && mono) return { compiler: [mcs], runtime: mono, env };
  const home = join(HOLDFAST_DIR, 'mono-package');
  if (!existsSync(home)) {
    if (env.HOLDFAST_NO_MONO) return { missing: 'there is no Mono, and HOLDFAST_NO_MONO is set' };
    for (const tool of ['apt-get', 'dpkg'])
      if (!onPath(tool, env)) return { missing: `there is no Mono and no ${tool} to download it; install mono-mcs` };
    try {
      await fetchMono(home, env);
    } catch (error) {
      return { missing: `there is no Mono, and its download failed (${error instanceof Error ? error.message : error}); install mono-mcs` };
    }
  }
  return unpackedMono(home, env);
}

/** @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchMono(home, env) {
  await createFolderOnce(home, async (work) => {
    const root = join(work, 'root');
    await (await OwnApt.open(work, env)).unpackWithDependencies(['mono-mcs', 'mono-runtime', 'libmono-system-core4.0-cil'], root);
    return root;
  });
  try {
    await assertRuns(await unpackedMono(home, env));
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw new Error(`the downloaded Mono does not run: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** @param {string} home @param {NodeJS.ProcessEnv} env @returns {Promise<Mono>} */
async function unpackedMono(home, env) {
  const runtime = join(home, 'usr/bin/mono');
  const libraries = [...(await libraryFolders(home)), join(home, 'usr/lib')].join(':');
  const own = {
    ...env,
    MONO_PATH: join(home, 'usr/lib/mono/4.5'),
    MONO_CFG_DIR: join(home, 'etc'),
    LD_LIBRARY_PATH: `${libraries}:${env.LD_LIBRARY_PATH ?? ''}`,
  };
  return { compiler: [runtime, join(home, 'usr/lib/mono/4.5/mcs.exe'), `-lib:${join(home, 'usr/lib/mono/4.5')}`], runtime, env: own };
}

/** @param {Mono} mono */
async function assertRuns({ compiler, runtime, env }) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-mono-'));
  try {
    const source = join(folder, 'Check.cs');
    await writeFile(source, 'using System.Linq; class Check { static int Main() { return new[] { 1 }.Count() - 1; } }');
    const [program = '', ...first] = compiler;
    await run(program, [...first, '-out:Check.exe', source], { cwd: folder, env });
    await run(runtime, [join(folder, 'Check.exe')], { env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
