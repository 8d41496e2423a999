import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { libraryFolders, OwnApt } from '../process/own-apt.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';

const run = promisify(execFile);
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Finds a Chromium for the browser tests: CHROMIUM_PATH, one on the PATH, or Debian's package, which is downloaded once (about
 * 100 MB) and unpacked under .holdfast/. HOLDFAST_NO_BROWSER=1 forbids the download.
 *
 * @param {{ log?: (line: string) => void, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ path: string } | { missing: string }>} its path, or the reason why there is none
 */
export async function findChromium({ log = () => {}, env = process.env } = {}) {
  if (env.CHROMIUM_PATH)
    return existsSync(env.CHROMIUM_PATH)
      ? { path: env.CHROMIUM_PATH }
      : { missing: `CHROMIUM_PATH is ${env.CHROMIUM_PATH}, which does not exist` };
  for (const name of NAMES) {
    const path = onPath(name, env);
    if (path) return { path };
  }
  const home = join(HOLDFAST_DIR, 'chromium-package');
  const path = join(home, 'chromium');
  if (existsSync(path)) return { path };
  if (env.HOLDFAST_NO_BROWSER) return { missing: 'there is no Chromium, and HOLDFAST_NO_BROWSER is set' };
  for (const tool of ['apt-get', 'dpkg'])
    if (!onPath(tool, env)) return { missing: `there is no Chromium on the PATH and no ${tool} to download one; set CHROMIUM_PATH` };
  try {
    log('downloading Chromium for the browser tests (about 100 MB, once) …');
    await fetchChromium(home, env);
    return { path };
  } catch (error) {
    return {
      missing: `there is no Chromium on the PATH, and the download failed (${error instanceof Error ? error.message : error}); set CHROMIUM_PATH`,
    };
  }
}

/** @param {string} home @param {NodeJS.ProcessEnv} env */
async function fetchChromium(home, env) {
  await createFolderOnce(home, async (work) => {
    const apt = await OwnApt.open(work, env);
    const root = join(work, 'root');
    await apt.unpackWithDependencies(['chromium', 'fonts-liberation'], root);
    const folders = (await libraryFolders(root)).map((folder) => join(home, folder.slice(root.length + 1)));
    await writeFile(join(root, 'chromium'), launcher(home, folders));
    await chmod(join(root, 'chromium'), 0o755);
    return root;
  });
  try {
    await run(join(home, 'chromium'), ['--version', '--no-sandbox'], { env });
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw new Error('the downloaded Chromium does not run', { cause: error });
  }
}

/** @param {string} home @param {readonly string[]} libraries */
function launcher(home, libraries) {
  return [
    '#!/bin/sh',
    `export LD_LIBRARY_PATH="${libraries.join(':')}:$LD_LIBRARY_PATH"`,
    `export XDG_DATA_DIRS="${home}/usr/share:\${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"`,
    `[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="${home}/etc/fonts"`,
    `exec "${home}/usr/lib/chromium/chromium" "$@"`,
    '',
  ].join('\n');
}
