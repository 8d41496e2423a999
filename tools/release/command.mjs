import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { writeManifests } from '../deploy/render-manifests.mjs';
import { install } from '../install/install.mjs';
import { folderOf, packageNames, rootManifest } from '../packages/manifests.mjs';
import { ROOT } from '../process/paths.mjs';
import { PlainError, plainly, UsageError } from '../process/plain-error.mjs';
import { releaseChanges } from './changelog.mjs';
import { RELEASES } from './kept-packages.mjs';
import { planVersions } from './version.mjs';
import { DEPLOYED_FILES, setDeployedVersion, setVersion, VERSIONED_FILES } from './versioned-files.mjs';

const run = promisify(execFile);
const CHANGELOG = join(ROOT, 'CHANGELOG.md');

/** @param {string[]} argv */
export async function main(argv) {
  const { version, next, check } = optionsOf(argv);
  const plan = planVersions((await rootManifest()).version, { version, next });
  const changelog = releaseChanges(await readFile(CHANGELOG, 'utf8'), plan.version, new Date().toISOString().slice(0, 10));
  await assertReleasable(plan.version);
  if (check) return console.log(`Version ${plan.version} can be released. Development continues with ${plan.development}.`);
  await install({ log: (line) => console.log(line) });
  await release(plan, changelog);
  console.log(`Released ${plan.version}: tag v${plan.version}, packages in releases/${plan.version}. This is now ${plan.development}.`);
  console.log('Nothing is pushed yet: git push --follow-tags');
}

/** @param {string[]} args @returns {{ version?: string, next?: string, check: boolean }} */
function optionsOf(args) {
  try {
    const options = /** @type {const} */ ({ next: { type: 'string' }, check: { type: 'boolean' } });
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (positionals.length > 1) throw new Error(`${positionals.join(' ')}: name one version.`);
    return { version: positionals[0], next: values.next, check: values.check ?? false };
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message} See \`npm run release -- --help\`.`);
  }
}

/** @param {string} version @throws {PlainError} when the clone has uncommitted changes, or the version was released before */
async function assertReleasable(version) {
  const changes = await git('status', '--porcelain');
  if (changes !== '') throw new PlainError(`This clone has changes that are not committed. Commit or remove them first:\n${changes}`);
  if ((await git('tag', '--list', `v${version}`)) !== '')
    throw new PlainError(`The tag v${version} exists already: release another version.`);
}

/** @param {{ version: string, development: string }} plan @param {string} changelog */
async function release({ version, development }, changelog) {
  const files = [...VERSIONED_FILES, ...DEPLOYED_FILES, 'deploy/kubernetes', 'CHANGELOG.md'];
  const folder = join(RELEASES, version);
  // Imports this module only now, because --check must work without installed dependencies.
  const { buildPackages } = await import('../packages/build-packages.mjs');
  try {
    await setVersion(version);
    await setDeployedVersion(version);
    await writeManifests();
    await writeFile(CHANGELOG, changelog);
    await plainly(buildPackages({ log: (line) => console.log(line) }));
    await packInto(folder);
    await git('commit', '--quiet', '--message', `chore(release): release ${version}`, '--', ...files);
  } catch (error) {
    // Restores the files of the clone. They had no uncommitted changes before the release.
    await git('checkout', '--quiet', 'HEAD', '--', ...files);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  await git('tag', '--annotate', `v${version}`, '--message', `Holdfast ${version}`);
  await deleteOtherReleases(version);
  await setVersion(development);
  await git('add', '--all', '--', 'releases', ...VERSIONED_FILES);
  await git('commit', '--quiet', '--message', `chore(release): keep the packages of ${version}`);
}

/** Packs all built packages, and writes the index of their archives. @param {string} folder */
async function packInto(folder) {
  await mkdir(folder, { recursive: true });
  /** @type {Record<string, string>} */
  const index = {};
  for (const name of await packageNames()) {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: folderOf(name) });
    const [packed] = /** @type {{ name: string, filename: string, size: number }[]} */ (JSON.parse(stdout));
    if (!packed) throw new PlainError(`npm packed nothing for ${name}.`);
    index[packed.name] = packed.filename;
    console.log(`${packed.filename} (${Math.round(packed.size / 1_024)} KB)`);
  }
  await writeFile(join(folder, 'packages.json'), `${JSON.stringify(index, null, 2)}\n`);
}

/** @param {string} version */
async function deleteOtherReleases(version) {
  const entries = await readdir(RELEASES, { withFileTypes: true });
  const others = entries.filter((entry) => entry.isDirectory() && entry.name !== version);
  await Promise.all(others.map(({ name }) => rm(join(RELEASES, name), { recursive: true })));
}

/** @param {...string} args @returns {Promise<string>} standard output */
async function git(...args) {
  const { stdout } = await run('git', args, { cwd: ROOT }).catch((error) => {
    throw new PlainError(`git ${args[0]} failed: ${String(error.stderr || error.message).trim()}`);
  });
  return stdout.trim();
}
