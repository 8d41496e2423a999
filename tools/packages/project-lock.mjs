/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {boolean} [dev]
 * @property {boolean} [peer]
 * @property {boolean} [optional]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 */

/**
 * Pure: returns the package-lock.json of a project that installs packed packages of this repository. All other packages have the versions
 * in the lock of this repository, so npm can install them from its cache.
 *
 * @param {Record<string, LockedPackage>} locked `packages` of this repository's lock
 * @param {{ name: string, version: string, dependencies: Record<string, string> }} project a dependency on a packed package is a path that
 *   begins with `file:`
 * @param {Record<string, LockedPackage>} packed the manifest of each packed package, by name
 */
export function projectLock(locked, project, packed) {
  /** @type {Record<string, LockedPackage>} */
  const packages = { '': project };
  /** @param {string} name @param {string} from the path of the package that needs it */
  const add = (name, from) => {
    const own = packed[name];
    const path = own ? `node_modules/${name}` : pathOf(locked, from, name);
    if (path === null || packages[path]) return;
    const { dev, peer, optional, devDependencies, ...entry } = own ?? locked[path];
    packages[path] = { ...entry, ...(own && { resolved: project.dependencies[name] }) };
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = entry;
    const peers = Object.keys(peerDependencies).filter((peerName) => !peerDependenciesMeta[peerName]?.optional);
    for (const needed of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) add(needed, own ? '' : path);
  };
  for (const name of Object.keys(project.dependencies)) add(name, '');
  return { name: project.name, version: project.version, lockfileVersion: 3, requires: true, packages };
}

/**
 * Returns where Node finds `name` from the package at `from`: in its own node_modules, then in those of its parents.
 *
 * @param {Record<string, LockedPackage>} locked @param {string} from @param {string} name @returns {string | null}
 */
function pathOf(locked, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const path = `${at && `${at}/`}node_modules/${name}`;
    if (locked[path]) return path;
    if (at === '') return null;
  }
}
