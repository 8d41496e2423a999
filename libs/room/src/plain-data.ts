/**
 * What a room keeps is plain data: objects, arrays, well-formed strings, finite numbers, booleans and null. Only that
 * comes back from the store as it went in. These functions are the one place that decides it, for states, views, events,
 * effects and results.
 */

/** A value of a game that a room cannot keep. The message names its path and its kind: `state.hands[0] is a Date`. */
export class NotPlainError extends Error {
  constructor(
    /** Where the value stands: `state.hands[0]`. */
    readonly path: string,
    /** What it is: `is a Date`. */
    readonly flaw: string,
    cause?: unknown,
  ) {
    super(`${path} ${flaw}; a room keeps objects, arrays, strings, finite numbers, booleans and null`, { cause });
    this.name = 'NotPlainError';
  }
}

/** Levels of objects and arrays in each other. Below the limit of a frame (512), which has some levels of its own around a state. */
export const PLAIN_DEPTH_MAX = 500;
/** Objects and arrays in one value: far more than the largest state has, and few enough to be copied in a second. */
const PARTS_MAX = 1_000_000;

/**
 * A copy that holds what the store gives back, and shares nothing with `value`: -0 becomes 0, a getter becomes its value,
 * an object without a prototype becomes an ordinary one, and properties that are not enumerable are left out.
 * @param root how a path begins in the error
 * @throws NotPlainError
 */
export function plainCopy<T>(value: T, root = 'state'): T {
  return checked(root, () => copyPart(value, 0)) as T;
}

/** The first flaw and its path (`state.hands[0] is a Date`); null when all of `value` is plain data. */
export function firstNotPlain(value: unknown, root = 'state'): string | null {
  try {
    plainCopy(value, root);
    return null;
  } catch (error) {
    if (error instanceof NotPlainError) return `${error.path} ${error.flaw}`;
    throw error;
  }
}

/** Throws unless `name` is a string that the store gives back as it is. `what` says whose name it is: `event`. */
export function assertPlainName(name: unknown, what: string): asserts name is string {
  if (typeof name !== 'string') throw new NotPlainError(`the name of the ${what}`, `is ${kindOf(name)}`);
  if (!name.isWellFormed()) throw new NotPlainError(`the name of the ${what}`, LONE_SURROGATE);
  if (name === '__proto__') throw new NotPlainError(`the name of the ${what}`, 'is __proto__');
}

/** Where two plain values differ first, the order of their keys included; null when they are the same. */
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

/** Code that writes where it should only read is told at once. What is frozen already is taken as frozen all the way down. */
export function freezeDeep<T>(value: T): T {
  if (isObject(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key in value) freezeDeep(value[key]);
  }
  return value;
}

/** Runs `act`, and names the path in what it throws. */
export function checked<T>(root: string, act: () => T): T {
  partsLeft = PARTS_MAX;
  try {
    return act();
  } catch (error) {
    throw error instanceof Flaw ? new NotPlainError(error.pathFrom(root), error.what) : error;
  }
}

/** As `plainCopy`, for a part at `depth` of a value that is `checked`. */
export function copyPart(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new Flaw(LONE_SURROGATE);
      return value;
    case 'number':
      if (value - value !== 0) throw new Flaw(`is ${value}`);
      // The store knows no -0.
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

/** Throws unless `value` is an array and nothing more. */
export function assertList(value: readonly unknown[], depth: number): void {
  if (depth >= PLAIN_DEPTH_MAX) throw new Flaw(TOO_DEEP);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Array.prototype && !isArrayPrototype(prototype)) throw new Flaw(`is ${classOf(prototype)}`);
}

/** Throws unless `value` is an object literal of any realm, without symbols for keys. */
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

/** A copy of an object's own `keys`. V8 spreads a small one in no time; a large one is ten times faster as a dictionary. */
export function copyOf(record: PlainObject, keys: readonly string[]): PlainObject {
  if (keys.length <= SPREAD_KEYS_MAX) return { ...record };
  const copy = emptyRecord(keys.length);
  for (let index = 0; index < keys.length; index++) copy[keys[index]] = record[keys[index]];
  return copy;
}

/** For so many keys. */
export function emptyRecord(keyCount: number): PlainObject {
  const record: PlainObject = {};
  if (keyCount <= SPREAD_KEYS_MAX) return record;
  // An object from which the first key was taken is a dictionary.
  record.a = 1;
  record.b = 1;
  delete record.a;
  delete record.b;
  return record;
}

/** What was thrown while the part at `key` was looked at, with that key in its path. */
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
    // One by one, a key __proto__ would set the prototype.
    if (keys.length > SPREAD_KEYS_MAX) keys.forEach(assertKey);
    // Getters are asked once. What was copied is what is looked at: a proxy may name other keys each time.
    copy = copyOf(value, keys);
    keys = Object.keys(copy);
  } catch (thrown) {
    throw asFlaw(thrown);
  }
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
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

/** A flaw on its way up to where its path begins. No error: it has no use for a stack. */
class Flaw {
  /** Of the path, the last key first. */
  readonly keys: (string | number)[] = [];

  constructor(readonly what: string) {}

  pathFrom(root: string): string {
    const path = this.keys.reverse().map(pathPart);
    if (path.length > 2 * PATH_KEYS_MAX) path.splice(PATH_KEYS_MAX, path.length - 2 * PATH_KEYS_MAX, ' … ');
    return root + path.join('');
  }
}

const SPREAD_KEYS_MAX = 128;

/** A path in an error stays readable, whatever the game did. */
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

/** By name, because the classes of another realm (a test runner's) are others. */
function classOf(prototype: unknown): string {
  const made = (prototype as { constructor?: unknown }).constructor;
  const name: unknown = typeof made === 'function' ? made.name : undefined;
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `a ${name.slice(0, KEY_CHARS_MAX)}` : 'an object with a prototype';
}

function isArrayPrototype(prototype: unknown): boolean {
  return Array.isArray(prototype) && isObjectPrototype(Object.getPrototypeOf(prototype));
}

/** `Object.prototype` of any realm: it has no prototype itself, as that of a class that extends null, whose name is another. */
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
