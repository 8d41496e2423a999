import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { DIST, ROOT } from '../process/paths.mjs';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 << 20;

/** The parts of the build that servers and the command line load. They do not include the benchmarks. */
const BUILT = ['apps', 'dashboard', 'games', 'libs', 'node_modules', 'page', 'tools'];

/** The folders with the files of the command line `holdfast`. */
const COMMAND_LINE = ['packages/cli', 'tools', 'conformance'];

/** A package that npm lists as a production package, because it is an optional dependency of `@nestjs/swagger`. No server loads it. */
const COMPILER = 'node_modules/typescript';

/** Files of packages that only people and compilers read. */
const UNUSED = /\.[cm]?ts$|\.map$|\.test\.[cm]?js$|\.tsbuildinfo$|\/(readme|changelog|history)(\.md|\.markdown)?$|\/(test|tests|specs)$/i;

/**
 * Writes the folder `/app` of the image: the build, the production packages without their types, the command line, and a list of the
 * packages (`sbom.cdx.json`). The build must be current, and all packages must be installed.
 *
 * @param {string} folder
 */
export async function assembleImage(folder) {
  await mkdir(folder, { recursive: true });
  for (const name of BUILT) await cp(join(DIST, name), join(folder, 'dist', name), { recursive: true });
  for (const path of COMMAND_LINE) await cp(join(ROOT, path), join(folder, path), { recursive: true, filter: runs });
  await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  const { devDependencies, ...description } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  await Promise.all((await productionPackages()).map((path) => copyPackage(join(ROOT, path), join(folder, path))));
  await writeFile(join(folder, 'sbom.cdx.json'), `${JSON.stringify(await listOfPackages(folder), null, 1)}\n`);
}

/**
 * Returns whether the image needs this file of the command line. It needs no TypeScript, because the build contains the compiled files.
 *
 * @param {string} path
 */
function runs(path) {
  return !path.endsWith('.ts');
}

async function productionPackages() {
  const { stdout } = await npm(ROOT, 'ls', '--omit=dev', '--all', '--parseable');
  return stdout
    .split('\n')
    .map((line) => relative(ROOT, line))
    .filter((path) => path.startsWith('node_modules/') && path !== COMPILER);
}

/**
 * Copies one package without the packages in its node_modules, because those have their own entries in npm's list.
 *
 * @param {string} from @param {string} to
 */
async function copyPackage(from, to) {
  await mkdir(dirname(to), { recursive: true });
  const filter = (/** @type {string} */ path) => path === from || !(basename(path) === 'node_modules' || UNUSED.test(path));
  await cp(from, to, { recursive: true, filter });
}

/**
 * Returns the list of packages in the format CycloneDX. npm makes it from the finished folder. In the repository, npm would omit some
 * production packages together with the development packages.
 *
 * @param {string} folder
 */
async function listOfPackages(folder) {
  const { stdout } = await npm(folder, 'sbom', '--sbom-format=cyclonedx', '--sbom-type=application');
  const list = JSON.parse(stdout);
  // npm gives the list the name of the folder. Replaces this name by the name of the package.
  list.metadata.component.name = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).name;
  return list;
}

/** @param {string} cwd @param {string[]} args */
function npm(cwd, ...args) {
  return run('npm', args, { cwd, maxBuffer: OUTPUT_BYTES_MAX });
}
