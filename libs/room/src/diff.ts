import type { Patch } from '#libs/protocol';

/**
 * The patches that turn `before` into `after`: for views, where no draft was there to watch. What is shared by
 * reference is not looked into. Arrays are compared by index, and grow or shrink at their end.
 */
export function diff(before: unknown, after: unknown): Patch[] {
  const patches: Patch[] = [];
  diffAt('', before, after, patches);
  return patches;
}

function diffAt(path: string, before: unknown, after: unknown, patches: Patch[]): void {
  if (Object.is(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) diffArrays(path, before, after, patches);
  else if (isObject(before) && isObject(after)) diffObjects(path, before, after, patches);
  else patches.push({ op: 'replace', path, value: after });
}

function diffArrays(path: string, before: readonly unknown[], after: readonly unknown[], patches: Patch[]): void {
  const common = Math.min(before.length, after.length);
  for (let index = 0; index < common; index++) diffAt(`${path}/${index}`, before[index], after[index], patches);
  for (let index = before.length - 1; index >= common; index--) patches.push({ op: 'remove', path: `${path}/${index}` });
  for (let index = common; index < after.length; index++) patches.push({ op: 'add', path: `${path}/${index}`, value: after[index] });
}

function diffObjects(path: string, before: Record<string, unknown>, after: Record<string, unknown>, patches: Patch[]): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) patches.push({ op: 'remove', path: `${path}/${escapeKey(key)}` });
  }
  for (const key of Object.keys(after)) {
    const at = `${path}/${escapeKey(key)}`;
    if (Object.hasOwn(before, key)) diffAt(at, before[key], after[key], patches);
    else patches.push({ op: 'add', path: at, value: after[key] });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 6901. */
function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
