/**
 * One operation of RFC 6902. Holdfast writes only the operations `add`, `replace` and `remove`, so any JSON Patch library can apply them.
 */
export type Patch = { op: 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string };

/**
 * Applies patches without changing `state`. Copies the objects and arrays on a changed path, and shares all others. Throws when a patch
 * does not fit the state, because it was made from another version. Source: RFC 6902 (operations add, replace, remove), RFC 6901
 * (pointers).
 */
export function applyPatches<T>(state: T, patches: readonly Patch[]): T {
  const copied = new Set<unknown>();
  let root: unknown = state;
  // In a long series of patches (a replayed log) most paths repeat, so parsed paths are cached.
  const paths = patches.length > 1 ? new Map<string, readonly string[]>() : null;
  for (const patch of patches) {
    let keys = paths?.get(patch.path);
    if (!keys) {
      keys = keysOf(patch.path);
      paths?.set(patch.path, keys);
    }
    root = applyOne(root, patch, keys, copied);
  }
  return root as T;
}

function keysOf(path: string): readonly string[] {
  return path.split('/').slice(1).map(unescapeKey);
}

function applyOne(root: unknown, patch: Patch, keys: readonly string[], copied: Set<unknown>): unknown {
  if (patch.path === '') {
    if (patch.op === 'remove') return null;
    return patch.value;
  }
  const newRoot = own(root, copied, patch.path);
  let parent: unknown = newRoot;
  for (let at = 0; at < keys.length - 1; at++) {
    const key = keys[at]!;
    const child = own(childOf(parent, key, patch.path), copied, patch.path);
    setChild(parent, key, child);
    parent = child;
  }
  const last = keys[keys.length - 1]!;
  if (Array.isArray(parent)) applyToArray(parent, last, patch);
  else applyToObject(parent as Record<string, unknown>, last, patch);
  return newRoot;
}

function applyToArray(array: unknown[], key: string, patch: Patch): void {
  // When an array becomes shorter, the library mutative writes a patch that replaces its `length`. Other libraries do not.
  if (key === 'length' && patch.op === 'replace') {
    array.length = patch.value as number;
    return;
  }
  const index = key === '-' ? array.length : Number(key);
  const limit = patch.op === 'add' ? array.length : array.length - 1;
  if (!Number.isInteger(index) || index < 0 || index > limit) throw misfit(patch.path);
  if (patch.op === 'add') array.splice(index, 0, patch.value);
  else if (patch.op === 'replace') array[index] = patch.value;
  else array.splice(index, 1);
}

function applyToObject(object: Record<string, unknown>, key: string, patch: Patch): void {
  if (key === '__proto__') throw misfit(patch.path);
  if (patch.op !== 'add' && !Object.hasOwn(object, key)) throw misfit(patch.path);
  if (patch.op === 'remove') delete object[key];
  else object[key] = patch.value;
}

/**
 * Returns a copy of `value` that this call of `applyPatches` may change. Returns `value` itself when it already is a copy that this call
 * has made.
 */
function own(value: unknown, copied: Set<unknown>, path: string): unknown {
  if (copied.has(value)) return value;
  let copy: unknown;
  if (Array.isArray(value)) copy = value.slice();
  else if (typeof value === 'object' && value !== null) copy = { ...value };
  else throw misfit(path);
  copied.add(copy);
  return copy;
}

function childOf(parent: unknown, key: string, path: string): unknown {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key)) throw misfit(path);
  return (parent as Record<string, unknown>)[key];
}

function setChild(parent: unknown, key: string, child: unknown): void {
  (parent as Record<string, unknown>)[key] = child;
}

function unescapeKey(key: string): string {
  return key.includes('~') ? key.replaceAll('~1', '/').replaceAll('~0', '~') : key;
}

function misfit(path: string): Error {
  return new Error(`the patch at ${path} does not fit the state`);
}
