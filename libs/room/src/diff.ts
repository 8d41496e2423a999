import type { Patch } from '#libs/protocol';
import { assertKey, assertList, assertRecord, checked, copyOf, copyPart, emptyRecord, flawAt } from './plain-data.js';

export interface Difference<T> {
  /** The patches that turn `before` into `next`. */
  readonly patches: Patch[];
  /**
   * The result of these patches on `before`, as every other server computes it. It shares unchanged parts with `before`, and nothing with
   * `after`.
   */
  readonly next: T;
}

/**
 * Computes the patches from `before` to `after`, however the caller made `after`. Parts that both states share are skipped, so the cost
 * grows only with the changed parts. Arrays are compared by index, and grow or shrink at the end. The order of object keys is preserved.
 * @param before plain data
 * @param root the name of the value in errors
 * @throws UnstorableError when `after` contains something that is not plain data
 */
export function difference<T>(before: T, after: T, root = 'state'): Difference<T> {
  const patches: Patch[] = [];
  const next = checked(root, () => nextAt('', before, after, patches, 0)) as T;
  return { patches, next };
}

/** Computes the difference, and returns only the patches. */
export function diff(before: unknown, after: unknown, root?: string): Patch[] {
  return difference(before, after, root).patches;
}

function nextAt(path: string, before: unknown, after: unknown, patches: Patch[], depth: number): unknown {
  if (before === after) return before;
  const isList = Array.isArray(after);
  if (!isList && (typeof after !== 'object' || after === null)) {
    // Accepts NaN when `before` also has NaN: an old version of Holdfast has stored it, so the handler did not make it.
    return Object.is(before, after) ? before : replaced(path, after, patches, depth);
  }
  if (typeof before !== 'object' || before === null || Array.isArray(before) !== isList) return replaced(path, after, patches, depth);
  const mark = patches.length;
  const next = isList
    ? nextList(path, before as readonly unknown[], after, patches, depth)
    : nextRecord(path, before as PlainObject, after as PlainObject, patches, depth);
  // One patch for the whole value is shorter than patches for every part. The root never gets such a patch, because some patch libraries do
  // not accept the empty path.
  const count = patches.length - mark;
  if (count > 1 && path !== '' && count >= (isList ? (next as readonly unknown[]).length : Object.keys(next as PlainObject).length)) {
    patches.length = mark;
    patches.push({ op: 'replace', path, value: next });
  }
  return next;
}

function replaced(path: string, after: unknown, patches: Patch[], depth: number): unknown {
  const value = copyPart(after, depth);
  patches.push({ op: 'replace', path, value });
  return value;
}

function nextList(
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
  patches: Patch[],
  depth: number,
): readonly unknown[] {
  assertList(after, depth);
  const common = Math.min(before.length, after.length);
  let next: unknown[] | null = null;
  let index = 0;
  try {
    for (; index < common; index++) {
      const old = before[index];
      const part = after[index];
      if (old === part) continue;
      const kept = nextAt(`${path}/${index}`, old, part, patches, depth + 1);
      if (kept === old) continue;
      next ??= before.slice();
      next[index] = kept;
    }
    if (before.length !== after.length) {
      next ??= before.slice();
      for (let last = before.length - 1; last >= common; last--) patches.push({ op: 'remove', path: `${path}/${last}` });
      if (next.length > common) next.length = common;
      for (; index < after.length; index++) {
        const value = copyPart(after[index], depth + 1);
        patches.push({ op: 'add', path: `${path}/${index}`, value });
        next.push(value);
      }
    }
  } catch (thrown) {
    throw flawAt(index, thrown);
  }
  return next ?? before;
}

function nextRecord(path: string, before: PlainObject, after: PlainObject, patches: Patch[], depth: number): PlainObject {
  assertRecord(after, depth);
  const keysBefore = Object.keys(before);
  const keys = Object.keys(after);
  let next: PlainObject | null = null;
  // Keys rarely change. While both objects have the same keys in the same order, no key needs to be looked up.
  let same = 0;
  for (; same < keys.length && keys[same] === keysBefore[same]; same++) {
    const key = keys[same]!;
    const old = before[key];
    const kept = nextOf(path, key, old, after, patches, depth);
    if (kept === old) continue;
    next ??= copyOf(before, keysBefore);
    next[key] = kept;
  }
  if (same === keys.length && same === keysBefore.length) return next ?? before;
  return reshaped(path, next ?? before, after, { keysBefore, keys, same }, patches, depth);
}

function nextOf(path: string, key: string, old: unknown, after: PlainObject, patches: Patch[], depth: number): unknown {
  try {
    const part = after[key];
    return old === part ? old : nextAt(`${path}/${escapeKey(key)}`, old, part, patches, depth + 1);
  } catch (thrown) {
    throw flawAt(key, thrown);
  }
}

/**
 * Compares two objects from key number `same` on, where keys were added, removed or reordered. A key whose place changed is removed and
 * added again, so that every receiver of the patches gets the same order.
 */
function reshaped(
  path: string,
  before: PlainObject,
  after: PlainObject,
  { keysBefore, keys, same }: { keysBefore: readonly string[]; keys: readonly string[]; same: number },
  patches: Patch[],
  depth: number,
): PlainObject {
  const stay = new Set<string>();
  let at = same;
  let isInOrder = true;
  for (let index = same; index < keys.length; index++) {
    const key = keys[index]!;
    if (isIndex(key)) {
      if (Object.hasOwn(before, key)) stay.add(key);
      continue;
    }
    if (!isInOrder) continue;
    const found = keysBefore.indexOf(key, at);
    if (found === -1) isInOrder = false;
    else {
      stay.add(key);
      at = found + 1;
    }
  }
  const next = emptyRecord(keys.length);
  for (let index = 0; index < same; index++) next[keys[index]!] = before[keys[index]!];
  for (let index = same; index < keysBefore.length; index++) {
    const key = keysBefore[index]!;
    if (!stay.has(key)) patches.push({ op: 'remove', path: `${path}/${escapeKey(key)}` });
  }
  for (let index = same; index < keys.length; index++) {
    const key = keys[index]!;
    if (stay.has(key)) {
      next[key] = nextOf(path, key, before[key], after, patches, depth);
      continue;
    }
    assertKey(key);
    try {
      const value = copyPart(after[key], depth + 1);
      patches.push({ op: 'add', path: `${path}/${escapeKey(key)}`, value });
      next[key] = value;
    } catch (thrown) {
      throw flawAt(key, thrown);
    }
  }
  return next;
}

type PlainObject = Record<string, unknown>;

/** Returns whether a key is an array index. JavaScript lists such keys first, in numeric order. */
function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 2 ** 32 - 1;
}

/** Escapes a key for the path of a patch. Source: RFC 6901. */
function escapeKey(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}
