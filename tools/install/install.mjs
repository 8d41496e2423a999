import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../process/lock-file.mjs';
import { HOLDFAST_DIR, ROOT } from '../process/paths.mjs';
import { PlainError } from '../process/plain-error.mjs';
import { assertDataFolder, assertSpace, assertWritable } from '../process/writable.mjs';
import { whyRegistryIsUnreachable } from './registry.mjs';

const run = promisify(execFile);

/** The free space that an installation needs, in MB. It is the size of node_modules, rounded up. */
const PACKAGES_MB = 600;

/**
 * Files that only pnpm or Yarn leaves in node_modules. Both ignore package-lock.json, so node_modules perhaps has other versions. The
 * layout of pnpm also hides indirect dependencies, which the bundles of dist/ import.
 */
const FOREIGN = ['.modules.yaml', '.yarn-integrity', '.yarn-state.yml'];

/**
 * Installs the packages of package-lock.json, unless node_modules already has them. First waits until no other command is installing,
 * because `npm ci` removes node_modules.
 *
 * @param {{ log?: (line: string) => void, also?: string }} [options] `also`: what else the command will fetch, for the message
 *   when there is no network
 * @returns {Promise<{ installed: boolean }>}
 * @throws {PlainError} a sentence when the packages cannot be installed
 */
export async function install({ log = () => {}, also = '' } = {}) {
  if (await isInstalled()) return { installed: false };
  assertDataFolder();
  assertWritable(ROOT, 'clone the repository into a folder that this user can write');
  // Checks the free space first. On a full disk, `npm ci` would report success and leave broken packages.
  assertSpace(ROOT, PACKAGES_MB, 'the dependencies');
  const waiting = () => log('waiting for another command, which installs dependencies …');
  return withLock(
    join(HOLDFAST_DIR, 'install.lock'),
    async (holdToo) => {
      if (await isInstalled()) return { installed: false };
      log('looking for the npm registry …');
      const unreachable = await whyRegistryIsUnreachable();
      const isForeign = FOREIGN.some((file) => existsSync(join(ROOT, 'node_modules', file)));
      if (isForeign) log('node_modules comes from pnpm or Yarn; npm replaces it by the versions of package-lock.json …');
      log(unreachable === null ? 'installing dependencies (npm ci) …' : 'installing dependencies from the npm cache …');
      if (unreachable === null) await installPackages([], holdToo);
      else if (!(await isInstalledOffline(holdToo))) throw new PlainError(withoutNetwork(unreachable, also));
      return { installed: true };
    },
    { waiting },
  );
}

/** @param {string[]} more @param {(pid: number) => Promise<void>} holdToo */
async function installPackages(more, holdToo) {
  // Includes development dependencies even with NODE_ENV=production, because the build needs them.
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error', ...more];
  const npm = run('npm', args, { cwd: ROOT, maxBuffer: 64 << 20 });
  if (npm.child.pid !== undefined) await holdToo(npm.child.pid);
  await npm.catch((error) => {
    const reason = String(error.stderr ?? '')
      .trim()
      .split('\n')
      .slice(0, 15)
      .join('\n');
    throw new PlainError(`npm ci failed:\n${reason || error}`);
  });
}

/**
 * Installs from npm's cache. `npm ci` removes node_modules, so this function first moves the existing node_modules away, and restores it
 * when the cache lacks a package.
 *
 * @param {(pid: number) => Promise<void>} holdToo @returns {Promise<boolean>}
 */
async function isInstalledOffline(holdToo) {
  const modules = join(ROOT, 'node_modules');
  const aside = join(ROOT, 'node_modules.aside');
  try {
    await rename(modules, aside);
  } catch (error) {
    // A mount cannot be moved, so a removed node_modules could not be restored. In this case, `npm ci` must not run.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') return false;
  }
  try {
    await installPackages(['--offline'], holdToo);
    await rm(aside, { recursive: true, force: true });
    return true;
  } catch {
    if (existsSync(aside)) {
      await rm(modules, { recursive: true, force: true });
      await rename(aside, modules);
    }
    return false;
  }
}

/** @param {string} unreachable @param {string} also */
function withoutNetwork(unreachable, also) {
  return [
    `Holdfast must fetch its dependencies from ${unreachable}, and the npm cache of this machine does not have all of them.`,
    'Do one of these:',
    '  - connect this machine to the network (if it is only slow, run npm ci, which waits longer)',
    '  - name a mirror (npm config set registry URL) or a proxy (npm config set https-proxy URL)',
    '  - copy node_modules from another clone that has the same package-lock.json and runs on the same system',
    ...(also ? [also] : []),
  ].join('\n');
}

/**
 * npm lists the installed packages in node_modules/.package-lock.json. The list lacks optional packages of other platforms, so this
 * function does not require optional packages.
 */
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
