import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../process/lock-file.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';

const run = promisify(execFile);

/**
 * Makes node_modules what package-lock.json says, if it is not already. Where another command does so at the moment, that is
 * waited for: `npm ci` begins by removing what is there.
 *
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ installed: boolean }>}
 */
export async function install({ log = () => {} } = {}) {
  if (await isInstalled()) return { installed: false };
  const waiting = () => log('waiting for another command, which installs dependencies …');
  return withLock(
    join(HOLDFAST_DIR, 'install.lock'),
    async (holdToo) => {
      if (await isInstalled()) return { installed: false };
      log('installing dependencies (npm ci) …');
      // Dependencies for development too, whatever NODE_ENV says: what follows builds.
      const npm = run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: ROOT, maxBuffer: 64 << 20 });
      if (npm.child.pid !== undefined) await holdToo(npm.child.pid);
      await npm.catch((error) => {
        const reason = String(error.stderr ?? '')
          .trim()
          .split('\n')
          .slice(0, 15)
          .join('\n');
        throw new Error(`npm ci failed:\n${reason || error}`);
      });
      return { installed: true };
    },
    { waiting },
  );
}

/** npm notes what it installed in node_modules/.package-lock.json; packages for other platforms are missing there. */
async function isInstalled() {
  const [wanted, present] = await Promise.all([packagesOf('package-lock.json'), packagesOf('node_modules/.package-lock.json')]);
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => path === '' || optional || present[path]?.version === version);
}

/** @param {string} file @returns {Promise<Record<string, { version?: string, optional?: boolean }> | null>} */
async function packagesOf(file) {
  try {
    return JSON.parse(await readFile(join(ROOT, file), 'utf8')).packages;
  } catch {
    return null;
  }
}
