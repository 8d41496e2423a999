import type { Rounding } from '#libs/state-patch';
import { copyOf, PLAIN_DEPTH_MAX } from './plain-data.js';

/**
 * Returns the next state when `after` has the objects, keys and lengths of `before`, and only primitive values differ. This is the
 * usual result of a step, and much faster than a general difference. The result shares unchanged parts with `before`, and nothing
 * with `after`. In it -0 is 0.
 *
 * @returns undefined when the shape differs, or `after` may contain something that is not plain data
 */
export function nextOfSameShape(before: unknown, after: unknown, round: Rounding | null): unknown {
  rounding = round;
  return container(before as object, after as object, 0);
}

type PlainObject = Record<string, unknown>;

/** The rounding of the call that runs. */
let rounding: Rounding | null = null;

function container(before: object, after: object, depth: number): object | undefined {
  if (depth >= PLAIN_DEPTH_MAX) return undefined;
  if (Array.isArray(before)) return Array.isArray(after) ? list(before, after, depth) : undefined;
  return record(before as PlainObject, after as PlainObject, depth);
}

function list(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] | undefined {
  const { length } = before;
  if (after.length !== length || Object.getPrototypeOf(after) !== Array.prototype) return undefined;
  let next: unknown[] | null = null;
  for (let index = 0; index < length; index++) {
    const old = before[index];
    const value = after[index];
    if (old === value) continue;
    const kept = part(old, value, depth);
    // A patch sends an item with another id as a new one, whose keys may have another order.
    if (kept === undefined || idOf(kept) !== idOf(old)) return undefined;
    if (kept === old) continue;
    next ??= before.slice();
    next[index] = kept;
  }
  return next ?? before;
}

function record(before: PlainObject, after: PlainObject, depth: number): PlainObject | undefined {
  if (Object.getPrototypeOf(after) !== Object.prototype) return undefined;
  let next: PlainObject | null = null;
  let keys = 0;
  for (const key in after) {
    keys++;
    const value = after[key];
    const old = before[key];
    if (old === value && old !== undefined) continue;
    const kept = part(old, value, depth);
    if (kept === undefined) return undefined;
    if (kept === old) continue;
    next ??= copyOf(before, Object.keys(before));
    next[key] = kept;
  }
  for (const _key in before) keys--;
  return keys === 0 ? (next ?? before) : undefined;
}

function idOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : undefined;
}

/** Returns the next value of a part that differs by identity. Undefined: its shape differs, or it may not be plain data. */
function part(old: unknown, value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'number': {
      if (typeof old !== 'number' || value - value !== 0) return undefined;
      const kept = rounding === null ? value + 0 : rounding(value);
      return kept === old ? old : kept;
    }
    case 'boolean':
      return isPrimitive(old) ? value : undefined;
    case 'string':
      return isPrimitive(old) && value.isWellFormed() ? value : undefined;
    case 'object':
      if (value === null) return isPrimitive(old) ? null : undefined;
      return typeof old === 'object' && old !== null ? container(old, value, depth + 1) : undefined;
    default:
      return undefined;
  }
}

/** False for objects, arrays and missing parts. */
function isPrimitive(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null);
}
