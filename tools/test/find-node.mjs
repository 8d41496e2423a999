import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whyRegistryIsUnreachable } from '../install/registry.mjs';
import { withLock } from '../process/lock-file.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';

const run = promisify(execFile);

/** Time limit for the download of Node, in ms. The download has 40 to 60 MB. */
const DOWNLOAD_TIMEOUT_MS = 180_000;

/**
 * Finds the newest Node of a release line, such as `22`. Downloads it once from the npm registry, and keeps it under .holdfast/.
 *
 * @param {string} line @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ path: string } | { missing: string }>} the program, or the reason why there is none
 */
export async function findNode(line, { log = () => {} } = {}) {
  if (process.versions.node.split('.')[0] === line) return { path: process.execPath };
  const home = join(HOLDFAST_DIR, 'nodes', line);
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(home, 'node_modules', name, 'bin/node');
  if (existsSync(path)) return { path };
  const unreachable = await whyRegistryIsUnreachable();
  if (unreachable !== null) return { missing: `Node ${line} comes from ${unreachable}` };
  log(`downloading Node ${line} (about 50 MB, once) …`);
  try {
    await withLock(`${home}.lock`, async () => {
      if (existsSync(path)) return;
      const draft = `${home}.draft`;
      await rm(draft, { recursive: true, force: true });
      await mkdir(draft, { recursive: true });
      await writeFile(join(draft, 'package.json'), '{ "private": true }\n');
      const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', `${name}@${line}`];
      await run('npm', args, { cwd: draft, timeout: DOWNLOAD_TIMEOUT_MS });
      await run(join(draft, 'node_modules', name, 'bin/node'), ['--version']);
      await rename(draft, home);
    });
    return { path };
  } catch (error) {
    const { stderr } = /** @type {{ stderr?: string }} */ (error);
    return { missing: `Node ${line} could not be downloaded: ${stderr?.trim().split('\n')[0] || error}` };
  }
}
