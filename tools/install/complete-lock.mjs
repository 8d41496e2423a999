import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process/paths.mjs';

/**
 * `node tools/install/complete-lock.mjs` after `npm install`: adds the optional packages of other platforms to package-lock.json. npm
 * leaves them out when they are not installed or a mirror lacks them. Without them, `npm ci` refuses the lock on every platform.
 *
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[], optionalDependencies?: Record<string, string> }} LockedPackage
 */

/**
 * Returns the optional packages that the lock lacks, by path. Derives their platforms from their names. Pure.
 *
 * @param {Record<string, LockedPackage>} packages
 * @returns {Record<string, LockedPackage>}
 */
export function missingOptional(packages) {
  /** @type {Record<string, LockedPackage>} */
  const missing = {};
  for (const [path, { optionalDependencies, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      if (!isFound(packages, path, name))
        missing[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev && { dev }), optional: true };
    }
  }
  return missing;
}

/**
 * Returns whether Node would find `name` from the folder `from`: in its own node_modules, then in those of its parents.
 *
 * @param {Record<string, LockedPackage>} packages @param {string} from @param {string} name
 */
function isFound(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (packages[`${at && `${at}/`}node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

/** @param {string} name @returns {Pick<LockedPackage, 'os' | 'cpu' | 'libc'>} */
function platformOf(name) {
  const words = name.split(/[-/]/);
  /** @param {readonly string[]} known */
  const among = (known) => words.filter((word) => known.includes(word));
  const os = among(['aix', 'android', 'darwin', 'freebsd', 'linux', 'openbsd', 'openharmony', 'sunos', 'win32']);
  const cpu = among(['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64']);
  const libc = words.at(-1)?.startsWith('musl') ? ['musl'] : words.at(-1)?.startsWith('gnu') && os.includes('linux') ? ['glibc'] : [];
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = join(ROOT, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingOptional(lock.packages);
  const packages = Object.entries({ ...lock.packages, ...missing }).sort(([one], [other]) => (one < other ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
  console.log(`${Object.keys(missing).length} packages of other platforms added`);
}
