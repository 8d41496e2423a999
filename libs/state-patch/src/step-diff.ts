import { DiffWriter } from './diff.js';
import { ENTER, REMOVE } from './format.js';
import { compareKeys, countCommon, type KeyList, keyListOf } from './key-list.js';
import { isSameItem, SHIFT_DISTANCE_AT_FIRST, SHIFT_DISTANCE_MAX, SHIFT_FAILURES_MAX } from './list-shift.js';
import { Siblings } from './operation-writer.js';
import { hasChildren, type PlainRecord } from './plain.js';
import { NotPlain, receivedValue } from './received-value.js';
import type { RecordCode } from './record-code.js';
import { copyRecord, without } from './record-copy.js';
import type { Rounding } from './rounding.js';
import type { RoundingTree } from './rounding-tree.js';
import { StatePatchError } from './state-patch-error.js';
import type { TrackedCopy } from './tracked-copy.js';

/** The next state, and the patch from the old to the next state. */
export interface StepResult<T> {
  readonly next: T;
  readonly patch: Uint8Array;
  /** Number of objects and arrays of the original that differ. */
  readonly changed: number;
}

const EMPTY = new Uint8Array(0);

/**
 * Compares an edited copy with its original. Writes the patch and makes the next value in one walk over both. The next value equals the
 * result of `applyPatch` on the original, also in the order of its keys.
 */
export class StepDiff extends DiffWriter {
  /** The rounding of the child that is being compared. Null: numbers are not rounded. */
  private rounding: Rounding | null = null;
  private tree: RoundingTree | null = null;
  /** True: the rounding differs by path, so the walk follows the tree. */
  private isByPath = false;
  /**
   * For each depth: the node of the rounding tree for the current object or array, and the keys of the object. Keys null: an array is
   * current.
   */
  private readonly nodes: RoundingTree[] = [];
  private readonly keys: (KeyList | null)[] = [];
  private copies: readonly object[] = [];
  private ends: readonly number[] = [];
  private codes: readonly (RecordCode | null)[] = [];
  /** The index in `copies` of the copy of the next part of the original. */
  private at = 0;
  private changed = 0;

  /** Returns null when the copy is not plain data, or has lost most keys of the original. */
  step<T>(before: T, tracked: TrackedCopy, tree: RoundingTree | null): StepResult<T> | null {
    this.reset();
    this.tree = tree;
    this.rounding = tree === null ? null : tree.round;
    this.isByPath = tree !== null && !tree.isUniform;
    if (this.isByPath) this.nodes[0] = tree!;
    this.copies = tracked.copies;
    this.ends = tracked.ends;
    this.codes = tracked.codes;
    this.at = this.changed = 0;
    try {
      const next = this.container(before as object, tracked.copies[0]!, 0);
      if (next === undefined) return null;
      if (next === before) return { next: before, patch: EMPTY, changed: 0 };
      return { next: next as T, patch: this.message(), changed: this.changed + 1 };
    } catch (thrown) {
      if (thrown instanceof NotPlain || thrown instanceof StatePatchError) return null;
      throw thrown;
    }
  }

  begin(depth: number): Siblings {
    let siblings = this.siblings[depth];
    if (siblings === undefined) {
      siblings = new Siblings();
      this.siblings[depth] = siblings;
    } else siblings.reset();
    return siblings;
  }

  end(siblings: Siblings): void {
    this.operations.endSiblings(siblings);
  }

  /** Moves past a part of the original that the draft itself contains, because the comparison does not walk through it. */
  passed<T>(part: T): T {
    if (hasChildren(part)) this.at = this.ends[this.at]!;
    return part;
  }

  /** Writes the edit of a child. Returns its next value. */
  child(siblings: Siblings, index: number, before: unknown, after: unknown, depth: number): unknown {
    if (this.isByPath) this.follow(index, depth);
    if (typeof after === 'number' && typeof before === 'number') {
      const value = this.numberOf(after);
      if (value !== before) this.primitives.number(siblings, index, before, value);
      return value;
    }
    if (typeof after === 'object' && after !== null && hasChildren(before)) {
      const { at, operations } = this;
      const start = operations.length;
      operations.kindAndGap(ENTER, index - siblings.next);
      const bodyStart = operations.length;
      const kept = this.container(before, after, depth + 1);
      this.at = this.ends[at]!;
      if (kept === undefined) {
        operations.length = start;
        return this.replace(siblings, index, before, after, depth);
      }
      if (kept === before) operations.length = start;
      else {
        this.changed++;
        operations.endEnter(siblings, index, start, bodyStart);
      }
      return kept;
    }
    this.passed(before);
    if (typeof after === 'string' && typeof before === 'string') {
      if (!after.isWellFormed()) throw new NotPlain();
      this.primitives.text(siblings, index, before, after);
      return after;
    }
    if (typeof after === 'boolean' && typeof before === 'boolean') {
      this.primitives.flip(siblings, index);
      return after;
    }
    return this.replace(siblings, index, before, after, depth);
  }

  /** Writes the edits of an object with added, removed or reordered keys. Undefined: the whole new object takes fewer bytes. */
  otherKeys(before: PlainRecord, after: PlainRecord, oldKeys: KeyList, depth: number): PlainRecord | undefined {
    const keys = keyListOf(after, oldKeys).sorted;
    const old = oldKeys.sorted;
    if (2 * countCommon(old, keys) < keys.length) return undefined;
    const siblings = this.begin(depth);
    const next = copyRecord(before, oldKeys.own);
    const removed = new Set<string>();
    const added: string[] = [];
    let isChanged = false;
    let at = 0;
    for (let index = 0; index < old.length; index++) {
      const key = old[index]!;
      while (at < keys.length && keys[at] !== key && compareKeys(keys[at]!, key) < 0) added.push(keys[at++]!);
      const part = before[key];
      if (at < keys.length && keys[at] === key) {
        at++;
        const value = after[key];
        next[key] = part === value ? this.passed(part) : this.child(siblings, index, part, value, depth);
        if (next[key] !== part) isChanged = true;
      } else {
        this.passed(part);
        this.operations.operation(siblings, REMOVE, index);
        removed.add(key);
      }
    }
    for (; at < keys.length; at++) added.push(keys[at]!);
    if (!isChanged && removed.size === 0 && added.length === 0) return before;
    const result = removed.size === 0 ? next : without(removed, next, oldKeys.own);
    const model = old.length > 0 ? before[old[0]!] : undefined;
    for (const key of added) {
      const value = receivedValue(after[key], depth + 1, this.treeAt(key, depth));
      this.insertOperation(siblings, siblings.next);
      this.values.text(key);
      this.values.value(value, model, depth + 1);
      result[key] = value;
    }
    this.end(siblings);
    return result;
  }

  private replace(siblings: Siblings, index: number, before: unknown, after: unknown, depth: number): unknown {
    const value = receivedValue(after, depth + 1, this.isByPath ? this.nodes[depth + 1]! : this.tree);
    this.set(siblings, index, before, value, depth);
    return value;
  }

  /** Finds the rounding of the child at `index` of the object or array at `depth`. */
  private follow(index: number, depth: number): void {
    const keys = this.keys[depth]!;
    const node = this.nodes[depth]!.at(keys === null ? index : keys.sorted[index]!);
    this.nodes[depth + 1] = node;
    this.rounding = node.round;
  }

  private treeAt(key: string | number, depth: number): RoundingTree | null {
    return this.isByPath ? this.nodes[depth]!.at(key) : this.tree;
  }

  private numberOf(value: number): number {
    if (value - value !== 0) throw new NotPlain();
    const { rounding } = this;
    // Turns -0 into 0 without `value + 0`, because V8 would allocate a new number for the sum.
    return rounding !== null ? rounding(value) : value === 0 ? 0 : value;
  }

  /** Returns the next value. Undefined: the kinds differ, or the whole new object takes fewer bytes. */
  private container(before: object, after: object, depth: number): object | undefined {
    const at = this.at++;
    const code = this.codes[at]!;
    if (this.isByPath) this.keys[depth] = code === null ? null : code.keys;
    if (after !== this.copies[at]) {
      if (Object.getPrototypeOf(after) !== (code === null ? Array.prototype : Object.prototype)) {
        if (Array.isArray(after) === (code === null)) throw new NotPlain();
        return undefined;
      }
    }
    return code === null
      ? this.list(before as readonly unknown[], after as readonly unknown[], depth)
      : code.edit(before as PlainRecord, after as PlainRecord, this, depth);
  }

  private list(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] {
    const next = before.length > 0 && !hasChildren(before[0]) ? this.primitiveItems(before, after, depth) : undefined;
    return next ?? this.mixedItems(before, after, depth);
  }

  private mixedItems(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] {
    const siblings = this.begin(depth);
    /** The items of the next value so far. Null: they equal the old items so far. */
    let next: unknown[] | null = null;
    let index = 0;
    let afterIndex = 0;
    let distance = before.length === after.length ? SHIFT_DISTANCE_AT_FIRST : SHIFT_DISTANCE_MAX;
    let failuresLeft = SHIFT_FAILURES_MAX;
    while (index < before.length && afterIndex < after.length) {
      const old = before[index];
      const item = after[afterIndex];
      if (failuresLeft > 0 && !this.isSame(old, this.at, item)) {
        const shift = this.shiftAt(before, index, after, afterIndex, distance);
        if (shift === 0) failuresLeft--;
        else {
          distance = SHIFT_DISTANCE_MAX;
          next ??= before.slice(0, index);
          for (let count = shift; count > 0; count--) this.remove(siblings, before, index++);
          for (let count = shift; count < 0; count++) next.push(this.insertItem(siblings, before, index, after, afterIndex++, depth));
          continue;
        }
      }
      const kept = old === item ? this.passed(old) : this.child(siblings, index, old, item, depth);
      if (next !== null) next.push(kept);
      else if (kept !== old) {
        next = before.slice(0, index);
        next.push(kept);
      }
      index++;
      afterIndex++;
    }
    if (index < before.length || afterIndex < after.length) next ??= before.slice(0, index);
    while (index < before.length) this.remove(siblings, before, index++);
    while (afterIndex < after.length) next!.push(this.insertItem(siblings, before, index, after, afterIndex++, depth));
    this.end(siblings);
    return next ?? before;
  }

  private remove(siblings: Siblings, before: readonly unknown[], index: number): void {
    this.passed(before[index]);
    this.operations.operation(siblings, REMOVE, index);
  }

  private insertItem(
    siblings: Siblings,
    before: readonly unknown[],
    index: number,
    after: readonly unknown[],
    afterIndex: number,
    depth: number,
  ): unknown {
    const value = receivedValue(after[afterIndex], depth + 1, this.treeAt(afterIndex, depth));
    this.insert(siblings, before, index, value, depth);
    return value;
  }

  /** @param at the position of `old`, if it is an object or array */
  private isSame(old: unknown, at: number, item: unknown): boolean {
    return old === item || (hasChildren(old) && (this.copies[at] === item || isSameItem(old, item)));
  }

  /** Searches for a shift like the function `shiftAt`, between items of the original and of the copy. */
  private shiftAt(before: readonly unknown[], index: number, after: readonly unknown[], afterIndex: number, distanceMax: number): number {
    const old = before[index];
    const item = after[afterIndex];
    let { at } = this;
    for (let distance = 1; distance <= distanceMax; distance++) {
      if (index + distance < before.length) {
        if (hasChildren(before[index + distance - 1])) at = this.ends[at]!;
        if (this.isSame(before[index + distance], at, item)) return distance;
      }
      if (afterIndex + distance < after.length && this.isSame(old, this.at, after[afterIndex + distance])) return -distance;
    }
    return 0;
  }

  /** Returns the next value. Undefined: a list contains an item that is not a primitive. */
  private primitiveItems(before: readonly unknown[], after: readonly unknown[], depth: number): readonly unknown[] | undefined {
    for (let index = 0; index < before.length; index++) if (hasChildren(before[index])) return undefined;
    const next: unknown[] = [];
    let isChanged = before.length !== after.length;
    for (let index = 0; index < after.length; index++) {
      const item = after[index];
      if (hasChildren(item)) return undefined;
      const kept = item === before[index] ? before[index] : receivedValue(item, depth + 1, this.treeAt(index, depth));
      if (kept !== before[index]) isChanged = true;
      next.push(kept);
    }
    if (!isChanged) return before;
    const siblings = this.begin(depth);
    this.items(siblings, before, next, depth);
    this.end(siblings);
    return next;
  }
}
