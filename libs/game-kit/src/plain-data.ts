/**
 * State must be what JSON can say, since it travels to players and to the server that takes the room up.
 * Gives the first path that is not, and why; null when all of it is.
 */
export function firstNotPlain(value: unknown, path = 'state'): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : `${path} is ${value}`;
    case 'object':
      return value === null ? null : firstNotPlainWithin(value, path);
    default:
      return `${path} is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`;
  }
}

/** Where two plain values differ first; null when they are the same. */
export function firstDifference(a: unknown, b: unknown, path = 'state'): string | null {
  if (a === b) return null;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return path;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (Object.hasOwn(a, key) !== Object.hasOwn(b, key)) return pathTo(path, a, key);
    const found = firstDifference(a[key], b[key], pathTo(path, a, key));
    if (found) return found;
  }
  return null;
}

/** So that code which writes where it should only read is told at once. */
export function freezeDeep<T>(value: T): T {
  if (isObject(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) freezeDeep(child);
  }
  return value;
}

function firstNotPlainWithin(value: object, path: string): string | null {
  if (!Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    // By name, because the plain objects of another realm (a test runner's) have another Object.
    const name = prototype === null ? 'Object' : (prototype as object).constructor.name;
    if (name !== 'Object') return `${path} is a ${name}`;
  }
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol') return `${path} has a symbol for a key`;
    if (key === '__proto__') return `${path} has a key __proto__`;
    if (Array.isArray(value) && key === 'length') continue;
    const found = firstNotPlain((value as Record<string, unknown>)[key], pathTo(path, value, key));
    if (found) return found;
  }
  if (Array.isArray(value) && Object.keys(value).length !== value.length) return `${path} has holes`;
  return null;
}

function pathTo(path: string, parent: object, key: string): string {
  return Array.isArray(parent) ? `${path}[${key}]` : `${path}.${key}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
