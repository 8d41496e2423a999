import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../process/lock-file.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';

const run = promisify(execFile);

/**
 * Installs the packages of package-lock.json, unless node_modules has them. Waits when another command is installing, because
 * `npm ci` removes node_modules first.
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
      // Includes development dependencies even with NODE_ENV=production, because the build needs them.
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

/** npm lists the installed packages in node_modules/.package-lock.json, without those of other platforms. */
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
