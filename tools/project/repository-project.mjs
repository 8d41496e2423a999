import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, changeServers, PAGES, SERVERS, serverCompiler } from '../build/build.mjs';
import { install } from '../install/install.mjs';
import { DIST, ROOT, SERVERS_DIST } from '../process/paths.mjs';
import { plainly } from '../process/plain-error.mjs';
import { hasRedis } from '../redis/find-redis.mjs';

const WATCHED = ['apps', 'libs', 'games', 'dashboard'];

/**
 * Returns this repository as a project. Its packages are installed and its servers are built on first use.
 *
 * @returns {import('./project.mjs').Project}
 */
export function repositoryProject() {
  /** @type {import('../build/incremental-compiler.mjs').IncrementalCompiler | undefined} */
  let compiler;
  const main = (/** @type {string} */ type) => join(SERVERS_DIST, 'apps', type, 'src/main.js');
  // Nothing is built in an image, which has no sources, or when a test sets a folder with its own servers.
  const isBuilt = SERVERS_DIST !== DIST || !existsSync(join(ROOT, 'apps'));
  return {
    root: ROOT,
    isRepository: true,
    entries: { gateway: main('gateway'), lobby: main('lobby'), game: main('game') },
    watch: WATCHED.map((folder) => join(ROOT, folder)).filter((folder) => existsSync(folder)),
    settings: SERVERS.settings,
    typeCheck: { script: join(ROOT, 'node_modules/typescript/bin/tsc'), tsconfig: join(ROOT, 'tsconfig.json') },
    async prepare(step, { redisUrl, env }) {
      if (isBuilt) return;
      // Without a network, the installation fails. Its error then also contains this text, so that the user learns of both problems at
      // once.
      const also =
        redisUrl || hasRedis(env)
          ? ''
          : 'A Redis is missing, too: install redis-server or valkey-server, or pass the URL of a running one (--redis-url).';
      await step('dependencies', async (say) => {
        const { installed } = await install({ log: say, also });
        say(installed ? 'dependencies installed' : 'dependencies are installed');
      });
      await step('build', async (say) => {
        const { built } = await plainly(build({ log: say }));
        say(built.length > 0 ? `built ${built.join(', ')}` : 'build is current');
      });
    },
    async follow() {
      compiler = await serverCompiler();
      // Loads the compiler now, so that the build of the first edit does not wait for it.
      await import('@swc/core');
    },
    hasEdits: async () => (await compiler?.hasEdits()) ?? false,
    async compile() {
      const { changed, undo } = await changeServers(() => /** @type {NonNullable<typeof compiler>} */ (compiler).update());
      return { changed, undo: () => changeServers(undo) };
    },
    buildPages: async () => (await build({ parts: PAGES })).built,
  };
}
