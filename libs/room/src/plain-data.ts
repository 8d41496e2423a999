/**
 * A room stores plain data: objects, arrays, well-formed strings, finite numbers, booleans and null. Redis returns only plain data
 * unchanged. This file alone decides what plain data is, for states, views, events, effects and results.
 */

/** A game's value that a room cannot store. The message names its path and kind: `state.hands[0] is a Date`. */
export class UnstorableError extends Error {
  constructor(
    /** The path of the value: `state.hands[0]`. */
    readonly path: string,
    /** The flaw of the value: `is a Date`. */
    readonly flaw: string,
    cause?: unknown,
  ) {
    super(`${path} ${flaw}; a room keeps objects, arrays, strings, finite numbers, booleans and null`, { cause });
    this.name = 'UnstorableError';
  }
}

/** Maximum depth of nested objects and arrays. It is below the limit of a frame (512), because a frame adds some levels around a state. */
export const PLAIN_DEPTH_MAX = 500;
/**
 * Maximum number of objects and arrays in one value. The largest allowed state has far fewer. Copying a larger value would block the server
 * for more than a second.
 */
const PARTS_MAX = 1_000_000;

/**
 * Returns a copy that equals what Redis will return, and shares nothing with `value`. The copy has 0 for -0, values for getters, ordinary
 * objects for objects without a prototype, and only enumerable properties.
 * @param root the name of the value in errors
 * @throws UnstorableError
 */
export function plainCopy<T>(value: T, root = 'state'): T {
  return checked(root, () => copyPart(value, 0)) as T;
}

/** Returns the first flaw with its path (`state.hands[0] is a Date`). Null: `value` is plain data. */
export function firstNotPlain(value: unknown, root = 'state'): string | null {
  try {
    plainCopy(value, root);
    return null;
  } catch (error) {
    if (error instanceof UnstorableError) return `${error.path} ${error.flaw}`;
    throw error;
  }
}

/** Throws unless `name` is a string that Redis returns unchanged. `what`: the kind of the named object, such as `event`. */
export function assertPlainName(name: unknown, what: string): asserts name is string {
  if (typeof name !== 'string') throw new UnstorableError(`the name of the ${what}`, `is ${kindOf(name)}`);
  if (!name.isWellFormed()) throw new UnstorableError(`the name of the ${what}`, LONE_SURROGATE);
  if (name === '__proto__') throw new UnstorableError(`the name of the ${what}`, 'is __proto__');
}

/** Returns the path of the first difference between two plain values. Null: they are equal, also in the order of their keys. */
export function firstDifference(a: unknown, b: unknown, path = 'state'): string | null {
  if (Object.is(a, b)) return null;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return path;
  const keysOfA = Object.keys(a);
  const keysOfB = Object.keys(b);
  for (const key of new Set([...keysOfA, ...keysOfB])) {
    if (Object.hasOwn(a, key) !== Object.hasOwn(b, key)) return pathTo(path, a, key);
    const found = firstDifference(a[key], b[key], pathTo(path, a, key));
    if (found) return found;
  }
  return keysOfA.every((key, index) => key === keysOfB[index]) ? null : `${path} (the order of its keys)`;
}

/** Freezes a value, so that an illegal write to it throws at once. Assumes that a frozen value is frozen at all levels. */
export function freezeDeep<T>(value: T): T {
  if (isObject(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key in value) freezeDeep(value[key]);
  }
  return value;
}

/** Runs `act`. If `act` finds a value that is not plain data, throws an `UnstorableError` with the path of that value below `root`. */
export function checked<T>(root: string, act: () => T): T {
  partsLeft = PARTS_MAX;
  try {
    return act();
  } catch (error) {
    throw error instanceof Flaw ? new UnstorableError(error.pathFrom(root), error.what) : error;
  }
}

/**
 * Copies a part of a value as `plainCopy` does. Only a function that `checked` runs may call it. `depth`: the level of the part within the
 * value.
 */
export function copyPart(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new Flaw(LONE_SURROGATE);
      return value;
    case 'number':
      if (value - value !== 0) throw new Flaw(`is ${value}`);
      // Turns -0 into 0, because Redis does not preserve -0.
      return value === 0 ? 0 : value;
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      return copyContainer(value, depth);
    default:
      throw new Flaw(`is ${kindOf(value)}`);
  }
}

/** Throws unless `value` is an ordinary array. */
export function assertList(value: readonly unknown[], depth: number): void {
  if (depth >= PLAIN_DEPTH_MAX) throw new Flaw(TOO_DEEP);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Array.prototype && !isArrayPrototype(prototype)) throw new Flaw(`is ${classOf(prototype)}`);
}

/** Throws unless `value` is an object literal of any realm, without symbol keys. */
export function assertRecord(value: object, depth: number): void {
  if (depth >= PLAIN_DEPTH_MAX) throw new Flaw(TOO_DEEP);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !isObjectPrototype(prototype)) throw new Flaw(`is ${classOf(prototype)}`);
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Flaw('has a symbol for a key');
}

export function assertKey(key: string): void {
  if (key === '__proto__') throw new Flaw('has a key __proto__');
  if (!key.isWellFormed()) throw new Flaw(`has a key that ${LONE_SURROGATE}`);
}

/**
 * Copies an object with these `keys`. Spreading is fast for a small object. For a large object, V8's dictionary mode is ten times faster.
 */
export function copyOf(record: PlainObject, keys: readonly string[]): PlainObject {
  if (keys.length <= SPREAD_KEYS_MAX) return { ...record };
  const copy = emptyRecord(keys.length);
  for (let index = 0; index < keys.length; index++) copy[keys[index]!] = record[keys[index]!];
  return copy;
}

/** Returns an empty object that is fast to fill with this many keys. */
export function emptyRecord(keyCount: number): PlainObject {
  const record: PlainObject = {};
  if (keyCount <= SPREAD_KEYS_MAX) return record;
  // Deleting the first key of an object makes V8 switch the object to dictionary mode.
  record.a = 1;
  record.b = 1;
  delete record.a;
  delete record.b;
  return record;
}

/** Returns the thrown value as a `Flaw`, with `key` as the new outermost key of its path. */
export function flawAt(key: string | number, thrown: unknown): Flaw {
  const flaw = asFlaw(thrown);
  flaw.keys.push(key);
  return flaw;
}

let partsLeft = PARTS_MAX;

function copyContainer(value: object, depth: number): unknown {
  partsLeft -= 1;
  if (partsLeft < 0) throw new Flaw(`makes more than ${PARTS_MAX} objects and arrays`);
  let isList: boolean;
  try {
    isList = Array.isArray(value);
    if (isList) assertList(value as readonly unknown[], depth);
    else assertRecord(value, depth);
  } catch (thrown) {
    throw asFlaw(thrown);
  }
  return isList ? copyList(value as readonly unknown[], depth + 1) : copyRecord(value as PlainObject, depth + 1);
}

function copyList(value: readonly unknown[], depth: number): unknown[] {
  if (Object.keys(value).length !== value.length || Object.getOwnPropertySymbols(value).length > 0)
    throw new Flaw(isSparse(value) ? 'has holes' : 'is an array with keys of its own');
  const copy = value.slice();
  let index = 0;
  try {
    for (; index < copy.length; index++) {
      const part = copy[index];
      const kept = copyPart(part, depth);
      if (!Object.is(kept, part)) copy[index] = kept;
    }
  } catch (thrown) {
    throw flawAt(index, thrown);
  }
  return copy;
}

function copyRecord(value: PlainObject, depth: number): PlainObject {
  let copy: PlainObject;
  let keys: readonly string[];
  try {
    keys = Object.keys(value);
    // Checks the keys first, because a large object is copied key by key, and a key `__proto__` would set the prototype of the copy.
    if (keys.length > SPREAD_KEYS_MAX) keys.forEach(assertKey);
    // Copying calls each getter once. The checks below read the copy, because an original that is a proxy can list different keys each
    // time.
    copy = copyOf(value, keys);
    keys = Object.keys(copy);
  } catch (thrown) {
    throw asFlaw(thrown);
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    assertKey(key);
    const part = copy[key];
    try {
      const kept = copyPart(part, depth);
      if (!Object.is(kept, part)) copy[key] = kept;
    } catch (thrown) {
      throw flawAt(key, thrown);
    }
  }
  return copy;
}

/** A flaw while its path is being built. It is not an Error, because it needs no stack. */
class Flaw {
  /** The keys of the path, innermost first. */
  readonly keys: (string | number)[] = [];

  constructor(readonly what: string) {}

  pathFrom(root: string): string {
    const path = this.keys.reverse().map(pathPart);
    if (path.length > 2 * PATH_KEYS_MAX) path.splice(PATH_KEYS_MAX, path.length - 2 * PATH_KEYS_MAX, ' … ');
    return root + path.join('');
  }
}

const SPREAD_KEYS_MAX = 128;

/** Limits that keep the path in an error readable. */
const PATH_KEYS_MAX = 8;
const KEY_CHARS_MAX = 40;
const THROWN_CHARS_MAX = 200;

const LONE_SURROGATE = 'is a string with half of a surrogate pair (a text cut in the middle of a character)';
const TOO_DEEP = `is more than ${PLAIN_DEPTH_MAX} levels deep, or holds itself`;

type PlainObject = Record<string, unknown>;

function asFlaw(thrown: unknown): Flaw {
  if (thrown instanceof Flaw) return thrown;
  const message = thrown instanceof Error ? String(thrown.message).slice(0, THROWN_CHARS_MAX) : `a ${typeof thrown} was thrown`;
  return new Flaw(`cannot be read (${message})`);
}

function kindOf(value: unknown): string {
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

/**
 * Describes the class of a prototype for an error message. Recognizes `Object` by its name, because another realm (such as a test runner)
 * has its own `Object`.
 */
function classOf(prototype: unknown): string {
  const made = (prototype as { constructor?: unknown }).constructor;
  const name: unknown = typeof made === 'function' ? made.name : undefined;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `a ${name.slice(0, KEY_CHARS_MAX)}` : 'an object with a prototype';
}

function isArrayPrototype(prototype: unknown): boolean {
  return Array.isArray(prototype) && isObjectPrototype(Object.getPrototypeOf(prototype));
}

/**
 * True for `Object.prototype` of any realm. False for the prototype of a class that extends null, because that prototype lacks the methods
 * of `Object.prototype`.
 */
function isObjectPrototype(prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null || Object.getPrototypeOf(prototype) !== null) return false;
  return Object.hasOwn(prototype, 'hasOwnProperty') && Object.hasOwn(prototype, 'isPrototypeOf');
}

function isSparse(value: readonly unknown[]): boolean {
  for (let index = 0; index < value.length; index++) if (!(index in value)) return true;
  return false;
}

function pathPart(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[\w$-]+$/.test(key) && key.length <= KEY_CHARS_MAX ? `.${key}` : `[${JSON.stringify(key.slice(0, KEY_CHARS_MAX))}]`;
}

function pathTo(path: string, parent: object, key: string): string {
  return path + pathPart(Array.isArray(parent) ? Number(key) : key);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
