import { assertWellFormed, type PlainRecord } from './plain.js';
import type { RecordCode } from './record-code.js';
import { StatePatchError } from './state-patch-error.js';

/**
 * The keys of an object. Objects with the same keys in the same order share one `KeyList`, so that sorting and checking happen once. A
 * patch identifies a child of an object by the position of its key in `sorted`, which is the same for every receiver.
 */
export class KeyList {
  /** The keys sorted by code points, which is the order of the UTF-8 bytes. This is the array `own` itself when `own` is sorted. */
  readonly sorted: readonly string[];
  /** The position in `own` of each key of `sorted`. Null: `own` is sorted already, or the list is not `isListed`. */
  readonly order: Uint32Array | null;
  /** The hash of the sorted keys. -1: not computed yet. */
  hash = -1;
  /** The number of the last message with these keys, and the index of the keys among the key lists of that message. */
  messageNumber = 0;
  index = 0;
  /** The code for objects with these keys, on servers that copy states. Null: not made yet. */
  code: RecordCode | null = null;

  /** @param own the keys in the order of the object */
  constructor(readonly own: readonly string[]) {
    for (const key of own) assertKey(key);
    if (isSorted(own)) {
      this.sorted = own;
      this.order = null;
    } else {
      this.sorted = own.slice().sort(own.some(hasHighUnits) ? compareKeys : undefined);
      this.order = this.isListed ? orderOf(own, this.sorted) : null;
    }
  }

  /** True when `Object.values` is the fastest way to read an object with these keys. */
  get isListed(): boolean {
    return this.own.length >= LISTED_KEYS_MIN && this.own.length <= LISTED_KEYS_MAX;
  }
}

/**
 * Returns the key list of `record`.
 * @param guess the list of an object that probably has the same keys, such as its sibling
 */
export function keyListOf(record: PlainRecord, guess: KeyList | null): KeyList {
  if (guess !== null && hasOwnOrder(record, guess.own)) return guess;
  return cached(Object.keys(record));
}

export function isSameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Counts the keys that are in both sorted lists. */
export function countCommon(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const order = a[i] === b[j] ? 0 : compareKeys(a[i]!, b[j]!);
    if (order === 0) count++;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return count;
}

/** Compares by code points. Code units give the same order except for surrogates, which sort after all other units. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const unitOfA = a.charCodeAt(at);
    const unitOfB = b.charCodeAt(at);
    if (unitOfA === unitOfB) continue;
    const isPairA = isSurrogate(unitOfA);
    return isPairA === isSurrogate(unitOfB) ? unitOfA - unitOfB : isPairA ? 1 : -1;
  }
  return a.length - b.length;
}

/** Throws for `__proto__` and for half of a surrogate pair, which plain data cannot have as a key. */
export function assertKey(key: string): void {
  if (key === '__proto__') throw new StatePatchError('A key is __proto__, which plain data cannot have.');
  assertWellFormed(key);
}

/**
 * Minimum and maximum number of keys of an object for which `Object.values` is the fastest way to read the values. V8 stores objects with
 * more keys as dictionaries.
 */
const LISTED_KEYS_MIN = 9;
const LISTED_KEYS_MAX = 128;

function orderOf(own: readonly string[], sorted: readonly string[]): Uint32Array {
  const positions = new Map(own.map((key, position) => [key, position]));
  return Uint32Array.from(sorted, (key) => positions.get(key)!);
}

/**
 * Limits of the cache: the number of all keys (about 2 MB), and the number of lists with the same first key. A full cache is emptied. A
 * list that is not in the cache must be sorted again.
 */
const CACHED_KEYS_MAX = 100_000;
const SAME_FIRST_KEY_MAX = 8;

const cache = new Map<string, KeyList[]>();
let cachedKeys = 0;
const EMPTY = new KeyList([]);

function cached(own: readonly string[]): KeyList {
  if (own.length === 0) return EMPTY;
  let lists = cache.get(own[0]!);
  if (lists) for (const list of lists) if (isSameKeys(list.own, own)) return list;
  const list = new KeyList(own);
  cachedKeys += own.length;
  if (cachedKeys > CACHED_KEYS_MAX) {
    cache.clear();
    cachedKeys = own.length;
    lists = undefined;
  }
  if (!lists) cache.set(own[0]!, [list]);
  else {
    if (lists.length === SAME_FIRST_KEY_MAX) cachedKeys -= lists.shift()!.own.length;
    lists.push(list);
  }
  return list;
}

/**
 * Returns whether the keys of `record` are `own`, in this order. Uses `for … in`, because it allocates no list of keys: V8 reads the keys
 * from a cache of the object's hidden class.
 */
function hasOwnOrder(record: PlainRecord, own: readonly string[]): boolean {
  const { length } = own;
  let at = 0;
  for (const key in record) {
    if (at === length || own[at] !== key) return false;
    at++;
  }
  return at === length;
}

function isSorted(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) if (compareKeys(keys[at - 1]!, keys[at]!) >= 0) return false;
  return true;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}

function hasHighUnits(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0xd800) return true;
  return false;
}
