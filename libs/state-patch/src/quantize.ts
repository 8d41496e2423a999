import { DEPTH_MAX } from './format.js';
import { isSameKeys } from './key-list.js';
import { hasChildren, type PlainRecord, refuseDepth } from './plain.js';
import { copyRecord } from './record-copy.js';
import { RoundingTree, type StepsByPath } from './rounding-tree.js';

/**
 * Rounds the numbers in the parts of `after` that `before` does not share by reference. -0 becomes 0. A part that equals the old part after
 * rounding is replaced by the old object, so it is neither sent nor stored.
 *
 * Client and server then have equal numbers, and the numbers in a patch take fewer bytes. The codec has short forms for steps down to
 * 0.0001.
 *
 * @param before the old value, which is already quantized
 * @param after the new value; it is not written to
 * @param step the distance between two neighboring rounded numbers, in the unit of the state, such as 0.01; or such distances by path
 * @throws RangeError when `step` is not valid; StatePatchError when a changed part is nested more than 500 levels
 * @example
 * quantize({ x: 1 }, { x: 1.23456 }, 0.01) // { x: 1.23 }
 */
export function quantize<T>(before: unknown, after: T, step: number | StepsByPath): T {
  return roundParts(before, after, RoundingTree.of(step));
}

/** Rounds like `quantize`, but takes the steps as a `RoundingTree`. */
export function roundParts<T>(before: unknown, after: T, rounding: RoundingTree): T {
  return part(before, after, 0, rounding) as T;
}

function part(before: unknown, after: unknown, depth: number, tree: RoundingTree): unknown {
  if (after === before) return before;
  if (typeof after === 'number') return tree.round === null ? after + 0 : tree.round(after);
  if (!hasChildren(after)) return after;
  if (depth >= DEPTH_MAX) refuseDepth();
  if (Array.isArray(after)) return list(Array.isArray(before) ? before : [], after, depth, tree);
  return record(hasChildren(before) && !Array.isArray(before) ? (before as PlainRecord) : {}, after as PlainRecord, depth, tree);
}

function list(before: readonly unknown[], after: readonly unknown[], depth: number, tree: RoundingTree): readonly unknown[] {
  let next: unknown[] | null = null;
  let isOld = before.length === after.length;
  for (let index = 0; index < after.length; index++) {
    const kept = part(before[index], after[index], depth + 1, tree.at(index));
    if (kept !== before[index]) isOld = false;
    if (Object.is(kept, after[index])) continue;
    next ??= after.slice();
    next[index] = kept;
  }
  return isOld ? before : (next ?? after);
}

function record(before: PlainRecord, after: PlainRecord, depth: number, tree: RoundingTree): PlainRecord {
  let next: Record<string, unknown> | null = null;
  let isOld = true;
  for (const key in after) {
    const old = before[key];
    const value = after[key];
    if (Object.is(value, old)) continue;
    const kept = part(old, value, depth + 1, tree.at(key));
    if (kept !== old) isOld = false;
    if (Object.is(kept, value)) continue;
    next ??= copyRecord(after, Object.keys(after));
    next[key] = kept;
  }
  return isOld && isSameKeys(Object.keys(before), Object.keys(after)) ? before : (next ?? after);
}
