import type { Patch } from '#libs/protocol';

/**
 * The patches that turn `before` into `after`, whatever was done to get there. What is shared by reference is not looked
 * into, so that a change costs what it touched. Arrays are compared by index, and grow or shrink at their end.
 */
export function diff(before: unknown, after: unknown): Patch[] {
  const patches: Patch[] = [];
  diffAt('', before, after, patches);
  return patches;
}

function diffAt(path: string, before: unknown, after: unknown, patches: Patch[]): void {
  if (Object.is(before, after)) return;
  const isList = Array.isArray(after);
  if (isList ? !Array.isArray(before) : !isPlain(before) || !isPlain(after)) {
    patches.push({ op: 'replace', path, value: after });
    return;
  }
  const mark = patches.length;
  const parts = isList
    ? diffArrays(path, before as readonly unknown[], after, patches)
    : diffObjects(path, before as PlainObject, after as PlainObject, patches);
  // As many patches as there are parts say no less than the whole, and are longer. (The whole state is never replaced:
  // some patch libraries take no empty path.)
  if (path !== '' && patches.length - mark > 1 && patches.length - mark >= parts) {
    patches.length = mark;
    patches.push({ op: 'replace', path, value: after });
  }
}

function diffArrays(path: string, before: readonly unknown[], after: readonly unknown[], patches: Patch[]): number {
  const common = Math.min(before.length, after.length);
  for (let index = 0; index < common; index++) {
    if (!Object.is(before[index], after[index])) diffAt(`${path}/${index}`, before[index], after[index], patches);
  }
  for (let index = before.length - 1; index >= common; index--) patches.push({ op: 'remove', path: `${path}/${index}` });
  for (let index = common; index < after.length; index++) patches.push({ op: 'add', path: `${path}/${index}`, value: after[index] });
  return after.length;
}

function diffObjects(path: string, before: PlainObject, after: PlainObject, patches: Patch[]): number {
  const keysBefore = Object.keys(before);
  const keys = Object.keys(after);
  // Keys seldom come or go: as long as they are the same, none is looked up.
  let same = 0;
  for (; same < keys.length && keys[same] === keysBefore[same]; same++) {
    const key = keys[same];
    if (!Object.is(before[key], after[key])) diffAt(`${path}/${escapeKey(key)}`, before[key], after[key], patches);
  }
  for (let index = same; index < keysBefore.length; index++) {
    const key = keysBefore[index];
    if (!Object.hasOwn(after, key)) patches.push({ op: 'remove', path: `${path}/${escapeKey(key)}` });
  }
  for (let index = same; index < keys.length; index++) {
    const key = keys[index];
    const isKnown = Object.hasOwn(before, key);
    if (isKnown && Object.is(before[key], after[key])) continue;
    const at = `${path}/${escapeKey(key)}`;
    if (isKnown) diffAt(at, before[key], after[key], patches);
    else patches.push({ op: 'add', path: at, value: after[key] });
  }
  return keys.length;
}

type PlainObject = Record<string, unknown>;

/** An object literal of any realm. Anything else (a `Date` that slipped in) has no parts to compare, and counts as one value. */
function isPlain(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** RFC 6901. */
function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
